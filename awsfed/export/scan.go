package export

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// format is which of the two shared files a text is: they name their sections
// differently.
type format uint8

const (
	credentialsFormat format = iota // [name]
	configFormat                    // [default], [profile name], [sso-session name] ...
)

// A scanner reads a shared file as two readers do at once, aws-sdk-go-v2 (its
// internal/ini) and botocore (Python's configparser, which the AWS CLI uses),
// and stops where they part. It keeps offsets into the text, never a model of
// it: what is not looked for cannot be changed by accident.
//
// Anywhere in the file it refuses what one of them cannot read, and what makes
// them disagree about where a section begins or which lines are keys. Values
// and section names that they read differently are refused only where they
// matter: in the section that is looked for.
type scanner struct {
	format  format
	profile string // the section to look for, as the readers call it

	found      bool
	headerLine int
	start, end int     // the section with the header behind it, if there is one: what an edit of it can bear on
	insertAt   int     // offset behind the section's last line that is not blank and not a comment
	entries    []entry // key lines of the section, in order
	eol        string  // line end of the section's header, "" when the file ends there
	fileEOL    string  // line end of the file's first line, "" when it has none

	names map[string]int // section header text -> line
	keys  keySet         // keys of the section being read
}

// entry is one line of the section that is looked for: a key with its value,
// or a line that continues the value of the key before it.
type entry struct {
	key        string // lower-case
	value      string
	indent     string
	eol        string
	start, end int // the line, with its end
	line       int
	continued  bool   // more lines belong to the value
	cont       bool   // this is one of those
	differs    string // why the readers disagree about the value, "" when they agree
}

// ambiguity returns why SDKs may read different values, "" if they agree.
func (e *entry) ambiguity() string {
	if e.differs == "" && e.continued {
		return "a value of several lines"
	}
	return e.differs
}

// problem is a refusal before the path is known.
type problem struct {
	line         int
	reason, next string
}

func (p *problem) at(path string) *FileError {
	return &FileError{Path: path, Line: p.line, Reason: p.reason, Next: p.next}
}

// readers is the state of both readers between two lines.
type readers struct {
	section bool // inside a section
	target  bool // inside the section that is looked for
	indent  int  // botocore: indentation that a continuation must exceed
	key     string
	goEmpty bool // Go: the key's value is empty, so indented lines are its children
	pyEmpty bool // botocore: likewise, so indented lines must be "k = v"
}

// scan reads text from the start. The scanner can be used again.
func (s *scanner) scan(text string) *problem {
	s.found, s.headerLine, s.start, s.end, s.insertAt = false, 0, len(text), len(text), 0
	s.entries, s.eol, s.fileEOL = s.entries[:0], "", ""
	if s.names == nil {
		// A rough count keeps the map from growing: its growth is most of what a scan allocates.
		s.names = make(map[string]int, min(strings.Count(text, "\n[")+1, 1<<12))
	}
	clear(s.names)

	if strings.HasPrefix(text, "\ufeff") {
		return &problem{1, "the file begins with a byte order mark, which breaks the first section for every SDK", "save it as UTF-8 without BOM"}
	}
	ascii, p := checkBytes(text)
	if p != nil {
		return p
	}

	var r readers
	line := 0
	for start := 0; start < len(text); {
		line++
		end, eol := len(text), ""
		next := end
		if i := strings.IndexByte(text[start:], '\n'); i >= 0 {
			end, next, eol = start+i, start+i+1, "\n"
			if end > start && text[end-1] == '\r' {
				end, eol = end-1, "\r\n"
			}
		}
		if line == 1 {
			s.fileEOL = eol
		}
		raw := text[start:end]
		body, indent := trimBlank(raw)
		if body == "" || body[0] == '#' || body[0] == ';' {
			start = next
			continue
		}
		if !ascii {
			if p := checkSpaces(body, line); p != nil {
				return p
			}
		}
		e := entry{start: start, end: next, line: line, eol: eol, indent: raw[:indent]}
		var p *problem
		if body[0] == '[' {
			p = s.header(&r, body, e)
		} else {
			p = s.property(&r, raw, body, e)
		}
		if p != nil {
			return p
		}
		if r.target {
			s.insertAt = next
		}
		start = next
	}
	return nil
}

// checkBytes refuses text that a reader cannot decode or breaks into other
// lines than we do, and tells whether it is ASCII throughout.
func checkBytes(text string) (ascii bool, p *problem) {
	ascii = true
	line := 1
	for i := 0; i < len(text); i++ {
		for i+8 <= len(text) && isPrintable(text[i:i+8]) {
			i += 8
		}
		if i == len(text) {
			break
		}
		c := text[i]
		switch {
		case c >= ' ' && c < 0x7f:
		case c == '\n':
			line++
		case c == '\r':
			if i+1 == len(text) || text[i+1] != '\n' {
				return false, &problem{line, "a carriage return without a line feed, which botocore takes for a line end and the Go SDK does not", "remove it"}
			}
		case c >= utf8.RuneSelf:
			ascii = false
		case c != '\t':
			return false, &problem{line, "a control character", "remove it"}
		}
	}
	if ascii || utf8.ValidString(text) {
		return ascii, nil
	}
	line = 1
	for rest := text; ; {
		c, n := utf8.DecodeRuneInString(rest)
		if c == utf8.RuneError && n == 1 {
			return false, &problem{line, "text that is not UTF-8, with which botocore refuses the whole file", "save it as UTF-8"}
		}
		if c == '\n' {
			line++
		}
		rest = rest[n:]
	}
}

// isPrintable tells whether the first eight bytes are from " " to "~". They are
// looked at as one number, since most of a file is such text.
func isPrintable(s string) bool {
	const each = 0x0101010101010101 // one in each byte
	_ = s[7]
	x := uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
		uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
	// Without carries between bytes: below 0x80, adding 1 reaches 0x80 from 0x7f on, subtracting 0x20 borrows below 0x20.
	return (x|(x+each)|(x-' '*each))&(0x80*each) == 0 // in Go + binds no closer than |
}

// checkSpaces refuses blanks beyond ASCII: to botocore they indent a line and
// end a word, to the Go SDK they do only some of that.
func checkSpaces(body string, line int) *problem {
	for _, c := range body {
		if c >= utf8.RuneSelf && unicode.IsSpace(c) {
			return &problem{line, "a blank that is not an ASCII space or tab", "type it anew"}
		}
	}
	return nil
}

// header reads a line that begins with "[".
func (s *scanner) header(r *readers, body string, e entry) *problem {
	if r.key != "" && len(e.indent) > r.indent {
		return &problem{e.line, "an indented line that begins with \"[\": a section to the Go SDK, part of the value before it to botocore", "remove the indentation"}
	}
	name, rest, ok := strings.Cut(body[1:], "]")
	if !ok {
		return &problem{e.line, "a section header without \"]\"", "close it"}
	}
	rest, _ = trimBlank(rest)
	if rest != "" && (rest[0] != '#' && rest[0] != ';' || strings.Contains(rest, "]")) {
		return &problem{e.line, "text behind a section header, which SDKs read differently", "put it on a line of its own"}
	}
	if strings.ContainsAny(name, "#;") {
		return &problem{e.line, "a \"#\" or \";\" in a section name, where the Go SDK cuts it", "rename the section"}
	}
	if bare, _ := trimBlank(name); bare == "" {
		return &problem{e.line, "a section without a name", "name or remove it"}
	}
	if name == "DEFAULT" {
		return &problem{e.line, "a section [DEFAULT], whose keys botocore adds to every profile", "rename it to [default]"}
	}
	if first, dup := s.names[name]; dup {
		return &problem{e.line, "a second section of this name, with which botocore refuses the whole file; the first is on line " + strconv.Itoa(first), "merge the two"}
	}
	s.names[name] = e.line
	s.keys.reset()
	if r.target {
		s.end = e.end
	}
	*r = readers{section: true, indent: len(e.indent)}

	inGo, inPython := s.format.names(name, s.profile)
	if inGo != inPython {
		return &problem{e.line, "a section header that only some SDKs take for profile " + quoted(s.profile), "write it as " + s.format.header(s.profile)}
	}
	if !inGo {
		return nil
	}
	if s.found {
		return &problem{e.line, "a second section for profile " + quoted(s.profile) + "; the first is on line " + strconv.Itoa(s.headerLine), "merge the two"}
	}
	r.target = true
	if s.entries == nil {
		s.entries = make([]entry, 0, 16)
	}
	s.found, s.headerLine, s.start, s.eol = true, e.line, e.start, e.eol
	return nil
}

// property reads a line that is a key or continues a value.
func (s *scanner) property(r *readers, raw, body string, e entry) *problem {
	if !r.section {
		return &problem{e.line, "text before the first section, with which botocore refuses the whole file", "move it into a section or comment it out"}
	}
	if r.key != "" && len(e.indent) > r.indent {
		return s.continuation(r, body, e)
	}
	if e.indent != "" && r.key != "" && r.goEmpty {
		return &problem{e.line, "an indented line that is a key to botocore and a setting below " + quoted(r.key) + " to the Go SDK", "remove the indentation"}
	}

	// The Go SDK cuts a comment off before it looks for the delimiter, but only at column 0.
	shown := raw
	if e.indent == "" {
		shown = cutComment(raw)
	}
	at := delimiter(body)
	if at < 0 || at+len(e.indent) >= len(shown) { // none, or none in front of the comment
		return &problem{e.line, "a line that is neither a section, a comment nor \"key = value\", with which botocore refuses the whole file", "correct it or comment it out"}
	}
	key, _ := trimBlank(body[:at])
	if key == "" {
		return &problem{e.line, "a value without a key, with which botocore refuses the whole file", "correct it or comment it out"}
	}
	for i := range len(key) {
		if key[i] >= utf8.RuneSelf {
			return &problem{e.line, "a key with a letter beyond ASCII", "rename or remove it"}
		}
	}
	key = strings.ToLower(key) // no copy when it is lower-case already
	if !s.keys.add(key) {
		return &problem{e.line, "key " + quoted(key) + " a second time in this section, with which botocore refuses the whole file", "remove one"}
	}

	python, _ := trimBlank(body[at+1:])
	golang, p := goValue(shown[len(e.indent)+at+1:], e)
	if p != nil {
		return p
	}
	r.key, r.goEmpty, r.pyEmpty = key, golang == "", python == ""
	r.indent = len(e.indent)
	if r.target {
		e.key, e.value = key, python
		if golang != python {
			e.differs = "a value with quotes or a comment behind it, which botocore takes for a part of the value and the Go SDK does not"
		}
		s.entries = append(s.entries, e)
	}
	return nil
}

// continuation reads a line that botocore adds to the value of the key before.
// It must be a child of that key or plain further text to the Go SDK too.
func (s *scanner) continuation(r *readers, body string, e entry) *problem {
	at := delimiter(body)
	switch {
	case r.goEmpty != r.pyEmpty:
		return &problem{e.line, "an indented line below a value that is empty to one SDK and not to another", "remove the quotes or the comment from the line of " + quoted(r.key)}
	case r.goEmpty && strings.IndexByte(body, '=') < 0:
		return &problem{e.line, "an indented line without \"=\" below " + quoted(r.key) + ", with which botocore refuses the whole file", "correct it or comment it out"}
	case !r.goEmpty && at >= 0:
		return &problem{e.line, "an indented line that is a key to the Go SDK and part of the value of " + quoted(r.key) + " to botocore", "remove the indentation"}
	}
	if at >= 0 {
		if _, p := goValue(body[at+1:], e); p != nil {
			return p
		}
	}
	if r.target {
		s.entries[len(s.entries)-1].continued = true
		e.key, e.cont = r.key, true
		s.entries = append(s.entries, e)
	}
	return nil
}

// goValue is what the Go SDK makes of the text behind the delimiter of a line
// whose comment is cut already. It trims and then takes a pair of quotes off; on a
// value of a single quote character that slices out of range and panics
// (config v1.33.15), so that one is refused here.
func goValue(behind string, e entry) (string, *problem) {
	v, _ := trimBlank(behind)
	if v == `"` || v == `'` {
		return "", &problem{e.line, "a value of one quote character, on which the Go SDK crashes", "correct it"}
	}
	if len(v) >= 2 && v[0] == v[len(v)-1] && (v[0] == '"' || v[0] == '\'') {
		v = v[1 : len(v)-1]
	}
	if e.indent != "" {
		v, _ = trimBlank(cutComment(v))
	}
	return v, nil
}

// trimBlank takes spaces and tabs off both ends; indent is how many it took off
// the beginning. It and delimiter are most of what a scan does, so they are
// plain loops.
func trimBlank(s string) (body string, indent int) {
	end := len(s)
	for end > 0 && (s[end-1] == ' ' || s[end-1] == '\t') {
		end--
	}
	for indent < end && (s[indent] == ' ' || s[indent] == '\t') {
		indent++
	}
	return s[indent:end], indent
}

// delimiter is where the value is split off, -1 when nowhere.
func delimiter(s string) int {
	for i := range len(s) {
		if s[i] == '=' || s[i] == ':' {
			return i
		}
	}
	return -1
}

// cutComment takes off what the Go SDK holds for a comment behind a value.
func cutComment(s string) string {
	if strings.IndexByte(s, '#') < 0 && strings.IndexByte(s, ';') < 0 {
		return s
	}
	for i := 1; i < len(s); i++ {
		if (s[i] == '#' || s[i] == ';') && (s[i-1] == ' ' || s[i-1] == '\t') {
			return s[:i-1]
		}
	}
	return s
}

// keySet refuses a key that was there before. Sections are small, so it looks
// through a list; the keys of a large one go to a map, so that a hostile file
// costs no square.
type keySet struct {
	few  [32]string
	n    int
	many map[string]struct{}
}

func (k *keySet) reset() {
	k.n = 0
	clear(k.many)
}

func (k *keySet) add(key string) bool {
	for _, f := range k.few[:k.n] {
		if f == key {
			return false
		}
	}
	if k.n < len(k.few) {
		k.few[k.n] = key
		k.n++
		return true
	}
	if k.many == nil {
		k.many = make(map[string]struct{})
	}
	if _, dup := k.many[key]; dup {
		return false
	}
	k.many[key] = struct{}{}
	return true
}
