package export

import "slices"

// section is what the scanner found for one profile in a text: offsets into the text and the lines
// of the profile's section.
type section struct {
	format  format
	profile string

	found      bool
	headerLine int
	// text[start:end] is the section and the header after it, if there is one: an edit of the
	// section can change how that header is read. Both are len(text) if the section was not found.
	start, end int
	insertAt   int     // offset after the last line that is not blank and not a comment
	entries    []entry // in order
	eol        string  // line end of the header, "" if the file ends there
	fileEOL    string  // line end of the file's first line, "" if it has none

	// What the scanner saw in the whole text. verify uses the maps again, which saves allocations.
	names map[string]int // section name -> line of its header
	keys  map[string]int // key -> line of the header of the last section that has it
}

// entry is one line of the section: a key with its value, or a line that continues the value of the
// key above.
type entry struct {
	reading
	indent     string
	eol        string
	start, end int // the line with its end
	line       int
	continued  bool // the value has more lines
}

// reading is what SDKs read in a line.
type reading struct {
	key    string // lower-case
	value  string // as botocore reads it
	golang string // as the Go SDK reads it, without quotes and without a comment
	nested bool   // the line continues the value of the key above
}

// ambiguity returns why SDKs may read different values, "" if they agree.
func (e *entry) ambiguity() string {
	switch {
	case e.value != e.golang:
		return "a value with quotes or with a comment after it: botocore reads them as part of the value, the Go SDK does not"
	case e.continued:
		return "a value of several lines"
	}
	return ""
}

// equals reports whether all readers read exactly the value.
func (e *entry) equals(value string) bool { return e.value == value && e.ambiguity() == "" }

// entry returns the line of the key, nil if the section has none.
func (s *section) entry(key string) *entry {
	for i := range s.entries {
		if e := &s.entries[i]; e.key == key && !e.nested {
			return e
		}
	}
	return nil
}

// hasValue reports whether every SDK reads a value of the key that is not empty.
func (s *section) hasValue(key string) bool {
	e := s.entry(key)
	return e != nil && e.value != "" && e.golang != ""
}

// checkKept refuses a line that an edit keeps and that SDKs read differently. Lines that the settings
// replace or remove need not be read alike.
func (s *section) checkKept(settings []pair) *FileError {
	for i := range s.entries {
		if e := &s.entries[i]; e.value != e.golang && !contains(settings, e.key) {
			return refuse(e.line, e.ambiguity(), "remove the quotes, or move the comment to a line of its own")
		}
	}
	return nil
}

// differs reports whether the section does not have the settings.
func (s *section) differs(settings []pair) bool {
	return slices.ContainsFunc(settings, func(set pair) bool { return !s.has(set) })
}

// has reports whether the section has the setting: the key with exactly the value, or no such key
// if the value is empty.
func (s *section) has(set pair) bool {
	e := s.entry(set.key)
	if set.value == "" || e == nil {
		return set.value == "" && e == nil
	}
	return e.equals(set.value)
}
