package export

import (
	"strconv"
	"strings"
)

// A scanner finds the section of one profile in a shared file. It reads the file as two readers do:
// aws-sdk-go-v2 (its package internal/ini) and botocore (Python's configparser, which the AWS CLI
// uses). It keeps offsets into the text and no model of it, so an edit cannot change other text.
//
// Everywhere in the file the scanner refuses what one reader cannot read, and what makes the
// readers disagree about where a section begins or which lines are keys. A value or a section name
// that they read differently matters only in the profile's section, and is refused only there.
type scanner struct {
	*section

	// The state of both readers between two lines.
	current  int  // line of the current section's header, 0 before the first
	inTarget bool // in the section of the profile
	indent   int  // botocore: a line indented further continues the value
	key      string
	goEmpty  bool // Go: the key's value is empty, so indented lines are nested in the key
	pyEmpty  bool // botocore: likewise, so indented lines must be "k = v"
}

// scan finds the section of a profile in the text. Errors have no path.
func scan(text string, f format, profile string) (*section, *FileError) {
	s := &section{
		format: f, profile: profile,
		// A map of about the right size does not grow: its growth would be most of the allocations.
		names: make(map[string]int, min(strings.Count(text, "\n[")+1, 1<<12)),
		keys:  make(map[string]int),
	}
	return s, s.scan(text)
}

// scan fills in a section that has only the format, the profile and empty maps.
func (s *section) scan(text string) *FileError {
	s.start, s.end = len(text), len(text)
	r := scanner{section: s}
	if strings.HasPrefix(text, "\ufeff") {
		return refuse(1, "the file begins with a byte order mark, which hides the first section from SDKs", "save the file as UTF-8 without BOM")
	}
	line := 0
	for start := 0; start < len(text); {
		line++
		next := len(text)
		if i := strings.IndexByte(text[start:], '\n'); i >= 0 {
			next = start + i + 1
		}
		raw, eol := cutLineEnd(text[start:next])
		if line == 1 {
			s.fileEOL = eol
		}
		if err := r.line(raw, &entry{start: start, end: next, line: line, eol: eol}); err != nil {
			return err
		}
		start = next
	}
	return nil
}

// line reads one line. e has the line's position.
func (s *scanner) line(raw string, e *entry) *FileError {
	body := trim(raw)
	isComment := body == "" || body[0] == '#' || body[0] == ';'
	if err := checkText(raw, e.line, isComment); err != nil || isComment {
		return err
	}
	e.indent = raw[:len(raw)-len(trimLeft(raw))]
	var err *FileError
	if body[0] == '[' {
		err = s.header(body, e)
	} else {
		err = s.property(raw, body, e)
	}
	if err != nil {
		return err
	}
	if s.inTarget {
		s.insertAt = e.end
	}
	return nil
}

// header reads a line that begins with "[".
func (s *scanner) header(body string, e *entry) *FileError {
	if s.key != "" && len(e.indent) > s.indent {
		return refuse(e.line, "an indented line that begins with \"[\": the Go SDK reads a section, botocore a part of the value above", "remove the indentation")
	}
	name, rest, ok := strings.Cut(body[1:], "]")
	if !ok {
		return refuse(e.line, "a section header without \"]\"", "add it")
	}
	rest = trim(rest)
	if rest != "" && (rest[0] != '#' && rest[0] != ';' || strings.Contains(rest, "]")) {
		return refuse(e.line, "text after a section header, which SDKs read differently", "move it to a line of its own")
	}
	if strings.ContainsAny(name, "#;") {
		return refuse(e.line, "a \"#\" or \";\" in a section name: the Go SDK ends the name there", "rename the section")
	}
	if trim(name) == "" {
		return refuse(e.line, "a section without a name", "name it or remove it")
	}
	if name == "DEFAULT" {
		return refuse(e.line, "a section [DEFAULT]: botocore adds its keys to every profile", "rename it to [default]")
	}
	if first, dup := s.names[name]; dup {
		return refuse(e.line, "a second section with this name: botocore refuses the whole file; the first is on line "+strconv.Itoa(first), "merge the two")
	}
	s.names[name] = e.line
	if s.inTarget {
		s.end = e.end
	}
	s.current, s.inTarget = e.line, false
	s.indent, s.key, s.goEmpty, s.pyEmpty = len(e.indent), "", false, false

	inGo, inPython := s.format.names(name, s.profile)
	if inGo != inPython {
		return refuse(e.line, "a section header that only some SDKs read as profile "+quoted(s.profile), "write it as "+s.format.header(s.profile))
	}
	if !inGo {
		return nil
	}
	if s.found {
		return refuse(e.line, "a second section for profile "+quoted(s.profile)+"; the first is on line "+strconv.Itoa(s.headerLine), "merge the two")
	}
	s.inTarget = true
	s.entries = make([]entry, 0, 16)
	s.found, s.headerLine, s.start, s.eol = true, e.line, e.start, e.eol
	return nil
}

// property reads a line that is a key or continues a value.
func (s *scanner) property(raw, body string, e *entry) *FileError {
	if s.current == 0 {
		return refuse(e.line, "text before the first section: botocore refuses the whole file", "move it into a section or make it a comment")
	}
	if s.key != "" && len(e.indent) > s.indent {
		return s.continuation(body, e)
	}
	if e.indent != "" && s.key != "" && s.goEmpty {
		return refuse(e.line, "an indented line: botocore reads a key, the Go SDK a setting nested in "+quoted(s.key), "remove the indentation")
	}

	// The Go SDK removes a comment before it looks for the delimiter, but only at column 0.
	shown := raw
	if e.indent == "" {
		shown = cutComment(raw)
	}
	at := delimiter(body)
	if at < 0 || at >= len(shown) { // none, or only in the comment
		return refuse(e.line, "a line that is not a section, a comment or \"key = value\": botocore refuses the whole file", "correct it or make it a comment")
	}
	key := trim(body[:at])
	if err := s.addKey(&key, e.line); err != nil {
		return err
	}

	python := trim(body[at+1:])
	golang, err := goValue(shown[len(e.indent)+at+1:], e)
	if err != nil {
		return err
	}
	s.key, s.goEmpty, s.pyEmpty = key, golang == "", python == ""
	s.indent = len(e.indent)
	if s.inTarget {
		e.key, e.value, e.golang = key, python, golang
		s.entries = append(s.entries, *e)
	}
	return nil
}

// addKey makes the key lower-case, and refuses one that is invalid or repeated in the section.
func (s *scanner) addKey(key *string, line int) *FileError {
	if *key == "" {
		return refuse(line, "a value without a key: botocore refuses the whole file", "correct it or make it a comment")
	}
	if !isASCII(*key) {
		return refuse(line, "a key with a character outside ASCII", "rename or remove it")
	}
	*key = strings.ToLower(*key) // does not copy a lower-case key
	if s.keys[*key] == s.current {
		return refuse(line, "key "+quoted(*key)+" appears twice in this section: botocore refuses the whole file", "remove one of them")
	}
	s.keys[*key] = s.current
	return nil
}

// continuation reads a line that botocore adds to the value of the key above. The Go SDK must also
// read it as nested in that key or as more text of the value.
func (s *scanner) continuation(body string, e *entry) *FileError {
	at := delimiter(body)
	switch {
	case s.goEmpty != s.pyEmpty:
		return refuse(e.line, "an indented line below a value that is empty for one SDK and not for another", "remove the quotes or the comment from the line of "+quoted(s.key))
	case s.goEmpty && strings.IndexByte(body, '=') < 0:
		return refuse(e.line, "an indented line without \"=\" below "+quoted(s.key)+": botocore refuses the whole file", "correct it or make it a comment")
	case !s.goEmpty && at >= 0:
		return refuse(e.line, "an indented line: the Go SDK reads a key, botocore a part of the value of "+quoted(s.key), "remove the indentation")
	}
	if at >= 0 {
		if _, err := goValue(body[at+1:], e); err != nil {
			return err
		}
	}
	if s.inTarget {
		s.entries[len(s.entries)-1].continued = true
		e.key, e.nested = s.key, true
		s.entries = append(s.entries, *e)
	}
	return nil
}
