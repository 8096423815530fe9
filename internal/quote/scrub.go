package quote

import (
	"encoding/hex"
	"strings"
)

const (
	// minMixed is the least length at which a run with upper case, lower case and digits counts as
	// a secret. Names, versions and IDs of programs and hosts are shorter or have one case.
	minMixed = 20
	// minPlain is the same for every other run with a digit and without - and _, such as a
	// hexadecimal key.
	minPlain = 32
)

// Scrub replaces the given secrets, as [WithoutSecrets] does, and anything that looks like a token:
// a long run of the characters of base64 and JWTs that is not a UUID. It is a second line of
// defense for text of commands and servers in errors; it does not find every secret that the caller
// does not pass.
func Scrub(s string, secrets ...string) string {
	s = WithoutSecrets(s, secrets...)
	var b strings.Builder
	for len(s) > 0 {
		n := len(s) - len(strings.TrimLeft(s, alphanumeric+"-_.+=~")) // bytes that may be in a token
		switch {
		case n == 0:
			b.WriteByte(s[0])
			n = 1
		case looksSecret(s[:n]):
			b.WriteString(redacted)
		default:
			b.WriteString(s[:n])
		}
		s = s[n:]
	}
	return b.String()
}

// WithoutTokens replaces everything that has the form of a JWT or of the beginning of one. Unlike
// [Scrub], it leaves paths, IDs and names as they are. It is for text of which only the form of a
// secret is known.
func WithoutTokens(s string) string {
	const begin = "eyJ" // {" in base64
	var b strings.Builder
	for {
		before, rest, found := strings.Cut(s, begin)
		b.WriteString(before)
		if !found {
			return b.String()
		}
		s = strings.TrimLeft(rest, alphanumeric+"-_.")
		if run := rest[:len(rest)-len(s)]; len(run) >= minPlain || strings.Count(run, ".") >= 2 {
			b.WriteString(redacted)
		} else {
			b.WriteString(begin + run)
		}
	}
}

// looksSecret reports whether one of the parts between dots is long enough: a JWT has long parts, a
// host name short ones.
func looksSecret(s string) bool {
	if uuid(s) {
		return false
	}
	for piece := range strings.SplitSeq(s, ".") {
		hasDigit := strings.ContainsAny(piece, "0123456789")
		isMixed := strings.ToLower(piece) != piece && strings.ToUpper(piece) != piece
		switch {
		case hasDigit && isMixed && len(piece) >= minMixed:
			return true
		case hasDigit && !strings.ContainsAny(piece, "-_") && len(piece) >= minPlain:
			return true
		}
	}
	return false
}

// uuid reports whether s has the form of a UUID, which is a name and not a secret.
func uuid(s string) bool {
	hyphens := len(s) == 36 && s[8] == '-' && s[13] == '-' && s[18] == '-' && s[23] == '-'
	_, err := hex.DecodeString(strings.ReplaceAll(s, "-", ""))
	return hyphens && strings.Count(s, "-") == 4 && err == nil
}
