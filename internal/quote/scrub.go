package quote

import "strings"

// redacted stands where a secret was.
const redacted = "[redacted]"

const (
	// mixedRun is how long a run of upper case, lower case and digits together is before it is taken for a secret. Names, versions
	// and ids of programs and hosts are shorter or of one case; tokens, keys and passwords made by machines are not.
	mixedRun = 20
	// plainRun is the same for a run without all three, such as a hexadecimal key.
	plainRun = 32
	// knownRun is the shortest secret that is looked for. A shorter one would be found in ordinary words.
	knownRun = 6
)

// Scrub returns s without the given secrets and without anything that looks like a token: a long run of the characters of base64url
// and of JWTs, unless it is a UUID. It is for text of others that goes into an error, such as what a failed command wrote
// or what a server answered; it is a second line of defence, not a promise.
func Scrub(s string, secrets ...string) string {
	for _, secret := range secrets {
		if len(secret) >= knownRun {
			s = strings.ReplaceAll(s, secret, redacted)
		}
	}
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

// run returns how many bytes of a token s begins with.
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

// looksSecret judges the pieces between dots as well as the whole: a JWT is three long pieces, a host name several short ones.
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
		case upper && lower && digit && len(piece) >= mixedRun:
			return true
		case digit && !strings.ContainsAny(piece, "-_") && len(piece) >= plainRun:
			return true
		}
	}
	return false
}

// uuid reports whether s has the form of a UUID, which names something and opens nothing.
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
