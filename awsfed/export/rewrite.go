package export

import (
	"cmp"
	"slices"
	"strings"
)

// rewrite returns the text that replaces text[s.start:s.end], so that the section has the settings.
// It is the same text if nothing changes. Every byte of it that is not on a line of one of the keys
// is copied. text is the text that was scanned.
func (s *section) rewrite(text string, settings []pair) string {
	if !s.differs(settings) {
		return text[s.start:s.end]
	}
	size := s.end - s.start + len("\r\n\r\n[profile ]\r\n") + len(s.profile)
	for _, set := range settings {
		size += len(set.key) + len(" = \r\n") + len(set.value)
	}
	var out strings.Builder
	out.Grow(size)
	if s.found {
		s.writeChanged(&out, text, settings)
	} else {
		s.writeNew(&out, text, settings)
	}
	return out.String()
}

// writeChanged writes the section with the settings in place of the lines that had their keys. New
// keys follow the last line of the section.
func (s *section) writeChanged(out *strings.Builder, text string, settings []pair) {
	pos := s.start
	for _, e := range s.entries {
		set, ok := find(settings, e.key)
		if !ok {
			continue
		}
		out.WriteString(text[pos:e.start])
		pos = e.end
		if e.nested || set.value == "" {
			continue
		}
		out.WriteString(e.indent) // kept because the indentation of later lines is compared with it
		set.writeTo(out)
		out.WriteString(e.eol)
	}
	out.WriteString(text[pos:s.insertAt])

	eol := s.lineEnd()
	open := s.insertAt == len(text) && !strings.HasSuffix(text, "\n") // the file's last line has no end, and gets none
	for _, set := range settings {
		if set.value == "" || s.entry(set.key) != nil {
			continue
		}
		if !strings.HasSuffix(out.String(), "\n") {
			out.WriteString(eol)
		}
		set.writeTo(out)
		if !open {
			out.WriteString(eol)
		}
	}
	out.WriteString(text[s.insertAt:s.end])
}

// writeNew writes a new section for the end of the file, after a blank line.
func (s *section) writeNew(out *strings.Builder, text string, settings []pair) {
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
		if set.value != "" {
			set.writeTo(out)
			out.WriteString(eol)
		}
	}
}

// lineEnd returns the line end for new lines: the one of the section's header, else the one of the
// file's first line.
func (s *section) lineEnd() string { return cmp.Or(s.eol, s.fileEOL, "\n") }

// verify reads the new section and the header after it as SDKs will read them. It returns an error
// unless our settings are there and every other key is as before. It protects the file from a
// mistake in rewrite. before is the text before the section.
func (s *section) verify(before, rewritten string, settings []pair) *FileError {
	clear(s.names)
	clear(s.keys)
	t := &section{format: s.format, profile: s.profile, names: s.names, keys: s.keys}
	if err := t.scan(rewritten); err != nil {
		return refuse(err.Line+strings.Count(before, "\n"), "the change would leave a file that SDKs cannot read: "+err.Reason, err.Next)
	}
	for _, set := range settings {
		if !t.has(set) {
			return refuse(0, "key "+quoted(set.key)+" cannot be changed without changing how SDKs read other keys", "")
		}
	}
	isOurs := func(e entry) bool { return contains(settings, e.key) }
	kept := slices.DeleteFunc(t.entries, isOurs)
	for _, e := range s.entries {
		if isOurs(e) {
			continue
		}
		if len(kept) == 0 || kept[0].reading != e.reading {
			return refuse(e.line, "SDKs would read key "+quoted(e.key)+" differently after the change", "move it")
		}
		kept = kept[1:]
	}
	return nil
}
