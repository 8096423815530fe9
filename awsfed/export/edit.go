package export

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Setting is one key of a profile and its value.
type Setting struct {
	// Key is lower-case letters, digits, "_" and "-".
	Key string
	// Value is what stands behind "="; an empty one removes the key.
	Value string
}

// rewrite returns what takes the place of text[s.start:s.end] so that the
// section that was scanned for has the settings; the same when nothing changes.
// Of that every byte that is not a line of one of the keys is copied, and what
// stands before and behind it is none of its business.
func (s *scanner) rewrite(text string, settings []Setting) string {
	if !s.changes(settings) {
		return text[s.start:s.end]
	}
	size := s.end - s.start + len("\r\n\r\n[profile ]\r\n") + len(s.profile)
	for _, set := range settings {
		size += len(set.Key) + len(" = \r\n") + len(set.Value)
	}
	var out strings.Builder
	out.Grow(size)
	if s.found {
		s.writeChanged(&out, text, settings)
	} else {
		s.writeSection(&out, text, settings)
	}
	return out.String()
}

func (s *scanner) writeChanged(out *strings.Builder, text string, settings []Setting) {
	pos := s.start
	for _, e := range s.entries {
		set, ok := setting(settings, e.key)
		if !ok {
			continue
		}
		out.WriteString(text[pos:e.start])
		pos = e.end
		if e.cont || set.Value == "" {
			continue
		}
		out.WriteString(e.indent) // stays: what follows may be measured against it
		writeSetting(out, set)
		out.WriteString(e.eol)
	}
	out.WriteString(text[pos:s.insertAt])

	eol := s.lineEnd()
	open := s.insertAt == len(text) && !strings.HasSuffix(text, "\n") // the file's last line has no end, and keeps none
	for _, set := range settings {
		if set.Value == "" || s.has(set.Key) {
			continue
		}
		if sofar := out.String(); !strings.HasSuffix(sofar, "\n") {
			out.WriteString(eol)
		}
		writeSetting(out, set)
		if !open {
			out.WriteString(eol)
		}
	}
	out.WriteString(text[s.insertAt:s.end])
}

// writeSection makes the section, which stands at the end of the file behind a
// blank line.
func (s *scanner) writeSection(out *strings.Builder, text string, settings []Setting) {
	eol := s.lineEnd()
	if text != "" && !strings.HasSuffix(text, "\n") {
		out.WriteString(eol)
	}
	if text != "" && !strings.HasSuffix(text, "\n\n") && !strings.HasSuffix(text, "\n\r\n") {
		out.WriteString(eol)
	}
	out.WriteString(s.format.header(s.profile))
	out.WriteString(eol)
	for _, set := range settings {
		if set.Value != "" {
			writeSetting(out, set)
			out.WriteString(eol)
		}
	}
}

func writeSetting(out *strings.Builder, set Setting) {
	out.WriteString(set.Key)
	out.WriteString(" = ")
	out.WriteString(set.Value)
}

// lineEnd is how new lines end: as the section's header does, else as the
// file's first line does.
func (s *scanner) lineEnd() string {
	switch {
	case s.eol != "":
		return s.eol
	case s.fileEOL != "":
		return s.fileEOL
	}
	return "\n"
}

// changes tells whether the settings are other than what stands there.
func (s *scanner) changes(settings []Setting) bool {
	for _, set := range settings {
		e := s.entry(set.Key)
		switch {
		case e == nil && set.Value != "":
			return true
		case e != nil && (set.Value == "" || e.value != set.Value || e.continued || e.differs != ""):
			return true
		}
	}
	return false
}

// entry is the line of the key, nil when the section has none.
func (s *scanner) entry(key string) *entry {
	for i := range s.entries {
		if s.entries[i].key == key && !s.entries[i].cont {
			return &s.entries[i]
		}
	}
	return nil
}

func (s *scanner) has(key string) bool { return s.entry(key) != nil }

// value is the key's value as both readers read it, "" when it is absent.
func (s *scanner) value(key string) string {
	if e := s.entry(key); e != nil {
		return e.value
	}
	return ""
}

func setting(settings []Setting, key string) (Setting, bool) {
	for _, set := range settings {
		if set.Key == key {
			return set, true
		}
	}
	return Setting{}, false
}

// verify reads the new section, with the header behind it, as the SDKs will read
// it: our settings are there, and every other key is as it was. It guards
// against mistakes of rewrite; the file is not touched when it fails. before is
// what stands before the section.
func (s *scanner) verify(before, section string, settings []Setting) *problem {
	t := scanner{format: s.format, profile: s.profile, names: s.names}
	t.entries = make([]entry, 0, len(s.entries)+len(settings))
	if p := t.scan(section); p != nil {
		line := p.line + strings.Count(before, "\n")
		return &problem{line, "the change would leave a file that SDKs cannot read: " + p.reason, p.next}
	}
	for _, set := range settings {
		if e := t.entry(set.Key); set.Value == "" && e != nil || set.Value != "" && (e == nil || e.value != set.Value || e.differs != "" || e.continued) {
			return &problem{reason: "key " + quoted(set.Key) + " cannot be changed without changing how others are read"}
		}
	}
	i := 0
	for _, e := range s.entries {
		if _, ours := setting(settings, e.key); ours {
			continue
		}
		for i < len(t.entries) && isOurs(settings, t.entries[i].key) {
			i++
		}
		if i == len(t.entries) || t.entries[i].key != e.key || t.entries[i].value != e.value || t.entries[i].cont != e.cont {
			return &problem{e.line, "key " + quoted(e.key) + " would be read differently after the change", "move it"}
		}
		i++
	}
	return nil
}

func isOurs(settings []Setting, key string) bool {
	_, ok := setting(settings, key)
	return ok
}

// checkSettings refuses what cannot be written so that every SDK reads the
// same. The reason is empty for good ones, and never holds a value.
func checkSettings(settings []Setting) string {
	for i, set := range settings {
		if reason := checkKey(set.Key); reason != "" {
			return reason
		}
		if isOurs(settings[:i], set.Key) {
			return "key " + quoted(set.Key) + " is set twice"
		}
		if reason := checkValue(set.Value); reason != "" {
			return "the value of " + quoted(set.Key) + " " + reason
		}
	}
	return ""
}

func checkKey(key string) string {
	if key == "" {
		return "a key is empty"
	}
	for i := range len(key) {
		c := key[i]
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '_' && c != '-' {
			return "key " + quoted(key) + " has a character other than a-z, 0-9, \"_\" and \"-\""
		}
	}
	return ""
}

func checkValue(v string) string {
	if v == "" {
		return ""
	}
	if !utf8.ValidString(v) {
		return "is not UTF-8"
	}
	if len(v) > 32<<10 {
		return "is longer than 32 KiB"
	}
	for _, c := range v {
		if unicode.IsControl(c) || c != ' ' && unicode.IsSpace(c) {
			return "has a line break, a control character or a blank other than a space"
		}
	}
	first, last := v[0], v[len(v)-1]
	switch {
	case first == ' ' || last == ' ':
		return "begins or ends with a space, which SDKs take off"
	case first == '#' || first == ';' || cutComment(v) != v:
		return "has \"#\" or \";\" at its beginning or behind a space, which the Go SDK takes for a comment"
	case first == last && (first == '"' || first == '\''):
		return "begins and ends with a quote, which the Go SDK takes off and botocore does not"
	}
	return ""
}
