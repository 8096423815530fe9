package subject

// UUIDLen is the length of a UUID in its text form, 8-4-4-4-12.
const UUIDLen = 36

// IsUUID reports whether s is a UUID in the canonical form of RFC 9562: 36 characters, lower case.
// All IDs are checked with it: Ona writes IDs this way, AWS compares them byte by byte, and a
// second spelling of an ID would be a second name for the same thing.
//
// Versions and variants are not checked. They only describe how an ID was generated.
func IsUUID(s string) bool { return len(s) == UUIDLen && StartsWithUUID(s) }

// StartsWithUUID reports whether the first 36 bytes of s are a canonical UUID. It checks eight
// digits at once, because a subject consists mostly of IDs and is read on every request.
func StartsWithUUID(s string) bool {
	if len(s) < UUIDLen || s[8] != '-' || s[13] != '-' || s[18] != '-' || s[23] != '-' {
		return false
	}
	w0 := word(s[0:], s[4:])
	w1 := word(s[9:], s[14:])
	w2 := word(s[19:], s[24:])
	w3 := word(s[28:], s[32:])
	return hexDigits(w0)&hexDigits(w1)&hexDigits(w2)&hexDigits(w3) == highBits
}

// word returns the first four bytes of a and of b. The compiler turns this form into two loads.
func word(a, b string) uint64 {
	_, _ = a[3], b[3]
	return uint64(uint32(a[0])|uint32(a[1])<<8|uint32(a[2])<<16|uint32(a[3])<<24) |
		uint64(uint32(b[0])|uint32(b[1])<<8|uint32(b[2])<<16|uint32(b[3])<<24)<<32
}

const (
	highBits = 0x8080808080808080
	lowBits  = 0x0101010101010101
)

// hexDigits returns a word with the high bit set in each byte of w that is a lower-case hexadecimal
// digit, and no other bit. With the high bits of w cleared, adding 0x80-c to a byte sets its high
// bit exactly when the byte is at least c, and never carries into the next byte.
func hexDigits(w uint64) uint64 {
	x := w &^ uint64(highBits)
	digit := (x + (0x80-'0')*lowBits) &^ (x + (0x80-'9'-1)*lowBits)
	letter := (x + (0x80-'a')*lowBits) &^ (x + (0x80-'f'-1)*lowBits)
	return (digit | letter) &^ w & highBits
}

// UUIDFault returns the offset of the first byte at which s is not a canonical UUID, and the
// reason.
func UUIDFault(s string) (int, string) {
	for i := range min(len(s), UUIDLen) {
		c := s[i]
		if i == 8 || i == 13 || i == 18 || i == 23 {
			if c != '-' {
				return i, "id is not a UUID: hyphen expected"
			}
			continue
		}
		switch {
		case '0' <= c && c <= '9', 'a' <= c && c <= 'f':
		case 'A' <= c && c <= 'F':
			return i, "id is not a canonical UUID: upper-case digit"
		default:
			return i, "id is not a UUID: hexadecimal digit expected"
		}
	}
	if len(s) < UUIDLen {
		return len(s), "id is not a UUID: too short"
	}
	return UUIDLen, "id is not a UUID: too long"
}
