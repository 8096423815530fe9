package export

import (
	"strings"
	"time"
)

// Keys is the kind of access keys that a profile has.
type Keys string

// The kinds of keys. A key is long-term if its ID begins with AKIA, or if it has no session token
// and its ID does not begin with ASIA.
const (
	NoKeys        Keys = ""
	TemporaryKeys Keys = "temporary"
	LongTermKeys  Keys = "long-term"
)

// Profile describes the credential settings of a profile in one of the shared files. It contains no
// secret. The zero value is a profile without credentials.
type Profile struct {
	// Keys is the kind of the static access keys.
	Keys Keys
	// Expires is the expiration that [File.WriteCredentials] stored with the keys. It is zero if
	// it is missing or cannot be read.
	Expires time.Time
	// Process is the value of credential_process, empty if the key is missing.
	Process string
	// Ambiguous is the first of these credential settings that SDKs read differently, because of
	// quotes, a comment after the value, or a value of several lines. It is nil if SDKs read all of
	// them alike.
	Ambiguous *FileError
	// Sources are the keys of other settings with which an SDK or the AWS CLI gets credentials from
	// another source, such as role_arn or sso_session, in the order of the file.
	Sources []string
}

// Inspect returns the credential settings of a profile. A missing file or section is not an error
// and gives the zero Profile. Inspect takes no lock.
func (f *File) Inspect(profile string) (Profile, error) {
	s, err := f.read(profile)
	if err != nil {
		return Profile{}, err
	}
	var p Profile
	for i := range s.entries {
		e := &s.entries[i]
		switch {
		case e.nested:
			continue
		case isOtherSource(e.key):
			p.Sources = append(p.Sources, e.key)
		case e.key == keyProcess:
			p.Process = e.value
		case e.key != keyAccessKeyID && e.key != keySecret && e.key != keySessionToken && e.key != keyOldToken:
			continue
		}
		if reason := e.ambiguity(); reason != "" && p.Ambiguous == nil {
			p.Ambiguous = &FileError{Path: f.path, Line: e.line, Reason: reason}
		}
	}
	p.Keys, _ = keysOf(s)
	if e := s.entry(keyExpires); e != nil && e.ambiguity() == "" {
		p.Expires, _ = time.Parse(time.RFC3339, e.value) // zero after an error
	}
	return p, nil
}

// keysOf returns the kind of the section's keys, and the line that shows it. Quotes around a key do
// not change its kind.
func keysOf(s *section) (Keys, *entry) {
	id, e := "", s.entry(keyAccessKeyID)
	if e != nil {
		id = e.golang
	}
	if e == nil || e.value == "" {
		e = s.entry(keySecret)
	}
	switch {
	case e == nil || e.value == "":
		return NoKeys, nil
	case strings.HasPrefix(id, "AKIA"):
		return LongTermKeys, e
	case strings.HasPrefix(id, "ASIA"), s.hasValue(keySessionToken), s.hasValue(keyOldToken):
		return TemporaryKeys, e
	}
	return LongTermKeys, e
}
