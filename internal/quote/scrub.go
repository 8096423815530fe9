package quote

import "strings"

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
		n := run(s)
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

// run returns the number of bytes at the beginning of s that may be in a token.
func run(s string) int {
	for i := range len(s) {
		c := s[i]
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-', c == '_', c == '.', c == '+', c == '=', c == '~':
		default:
			return i
		}
	}
	return len(s)
}

// looksSecret reports whether one of the parts between dots is long enough: a JWT has long parts, a
// host name short ones.
func looksSecret(s string) bool {
	if uuid(s) {
		return false
	}
	for piece := range strings.SplitSeq(s, ".") {
		var upper, lower, digit bool
		for i := range len(piece) {
			switch c := piece[i]; {
			case 'A' <= c && c <= 'Z':
				upper = true
			case 'a' <= c && c <= 'z':
				lower = true
			case '0' <= c && c <= '9':
				digit = true
			}
		}
		switch {
		case upper && lower && digit && len(piece) >= minMixed:
			return true
		case digit && !strings.ContainsAny(piece, "-_") && len(piece) >= minPlain:
			return true
		}
	}
	return false
}

// uuid reports whether s has the form of a UUID, which is a name and not a secret.
func uuid(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i := range len(s) {
		c := s[i]
		switch i {
		case 8, 13, 18, 23:
			if c != '-' {
				return false
			}
		default:
			if hex := '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'; !hex {
				return false
			}
		}
	}
	return true
}
