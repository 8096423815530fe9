package export

import (
	"context"
	"time"
)

// Seen is what the scanner found of one profile.
type Seen struct {
	Found  bool
	Values map[string]string // keys whose value both readers read alike, on one line
	Lines  map[string]int
	Odd    []string // the other keys
}

// Scan reads text for a profile; line is that of the refusal.
func Scan(config bool, text, profile string) (seen Seen, line int, reason string) {
	s := scanner{format: formatOf(config), profile: profile}
	if p := s.scan(text); p != nil {
		return Seen{}, max(p.line, 1), p.reason
	}
	seen = Seen{Found: s.found, Values: map[string]string{}, Lines: map[string]int{}}
	for _, e := range s.entries {
		switch {
		case e.cont:
		case e.differs != "" || e.continued:
			seen.Odd = append(seen.Odd, e.key)
		default:
			seen.Values[e.key] = e.value
			seen.Lines[e.key] = e.line
		}
	}
	return seen, 0, ""
}

// Rewrite is an edit of a text. ok is false when it is refused.
func Rewrite(config bool, text, profile string, settings ...Setting) (after string, ok bool) {
	if checkProfile(profile) != "" || checkSettings(settings) != "" {
		return "", false
	}
	s := scanner{format: formatOf(config), profile: profile}
	if s.scan(text) != nil {
		return "", false
	}
	for _, e := range s.entries {
		if e.differs != "" {
			return "", false
		}
	}
	section := s.rewrite(text, settings)
	out := text[:s.start] + section + text[s.end:]
	if out == text {
		return text, true
	}
	if s.verify(text[:s.start], section, settings) != nil {
		return "", false
	}
	return out, true
}

func formatOf(config bool) format {
	if config {
		return configFormat
	}
	return credentialsFormat
}

// Insides for tests.
var (
	CommandLineFor = commandLine
	EnvironFor     = environ
	QuotePosix     = quotePosix
	QuoteFish      = quoteFish
	QuotePowerS    = quotePowerShell
	TokenDue       = tokenDue
	IsPermanent    = isPermanent
	Unflushed      = unflushed
)

// ParseRecord reads a cache entry.
func ParseRecord(text string, r CacheRequest, now time.Time) (CacheEntry, bool) {
	rec, _ := parseRecord(text, r, now)
	if !rec.valid(now) {
		return CacheEntry{}, false
	}
	return rec.entry(), true
}

// HoldLock takes the lock of a file until release is called.
func (f *File) HoldLock(ctx context.Context) (release func(), err error) {
	l, err := lockFile(ctx, f.real.lock, time.Second, time.Second)
	if err != nil {
		return nil, err
	}
	return func() { unlock(l) }, nil
}

// Beside is the token file's lock and temporary file.
func (t *TokenFile) Beside() (lock, temp string) { return t.at.lock, t.at.temp }

// Beside is the file's lock and temporary file.
func (f *File) Beside() (lock, temp string) { return f.real.lock, f.real.temp }
