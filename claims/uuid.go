package claims

// uuidLen is the length of a UUID in its text form, 8-4-4-4-12.
const uuidLen = 36

// isUUID reports whether s is a UUID in the canonical form of RFC 9562: 36
// characters, lower-case. It is the one rule for ids in this package: Ona
// writes ids this way, AWS compares them byte for byte, and a second spelling of
// the same id would be a second name for the same thing.
//
// Versions and variants are not looked at: they say how an id was made, not
// whether it is one.
func isUUID(s string) bool {
	return len(s) == uuidLen && startsWithUUID(s)
}

// startsWithUUID is isUUID of the first 36 bytes of s. Eight digits are judged
// at once: ids make up most of a subject, and subjects are read on every
// request.
func startsWithUUID(s string) bool {
	if len(s) < uuidLen || s[8] != '-' || s[13] != '-' || s[18] != '-' || s[23] != '-' {
		return false
	}
	_ = s[:uuidLen]
	w0 := uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
		uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
	w1 := uint64(s[9]) | uint64(s[10])<<8 | uint64(s[11])<<16 | uint64(s[12])<<24 |
		uint64(s[14])<<32 | uint64(s[15])<<40 | uint64(s[16])<<48 | uint64(s[17])<<56
	w2 := uint64(s[19]) | uint64(s[20])<<8 | uint64(s[21])<<16 | uint64(s[22])<<24 |
		uint64(s[24])<<32 | uint64(s[25])<<40 | uint64(s[26])<<48 | uint64(s[27])<<56
	w3 := uint64(s[28]) | uint64(s[29])<<8 | uint64(s[30])<<16 | uint64(s[31])<<24 |
		uint64(s[32])<<32 | uint64(s[33])<<40 | uint64(s[34])<<48 | uint64(s[35])<<56
	return hexDigits(w0)&hexDigits(w1)&hexDigits(w2)&hexDigits(w3) == highBits
}

const (
	highBits = 0x8080808080808080
	lowBits  = 0x0101010101010101
)

// hexDigits returns a word with the high bit set in each byte of w that is a
// lower-case hexadecimal digit, and no other bit. With the high bits of w
// cleared, adding 0x80-c to a byte sets its high bit exactly when the byte is at
// least c, and never carries into the next one.
func hexDigits(w uint64) uint64 {
	x := w &^ uint64(highBits)
	digit := (x + (0x80-'0')*lowBits) &^ (x + (0x80-'9'-1)*lowBits)
	letter := (x + (0x80-'a')*lowBits) &^ (x + (0x80-'f'-1)*lowBits)
	return (digit | letter) &^ w & highBits
}

// isHexDigit is hexDigits of one byte.
func isHexDigit(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'f'
}

// uuidFault returns the offset of the first byte of s that keeps it from being
// a canonical UUID, and says what is wrong there.
func uuidFault(s string) (int, string) {
	for i := range min(len(s), uuidLen) {
		c := s[i]
		if i == 8 || i == 13 || i == 18 || i == 23 {
			if c != '-' {
				return i, "id is not a UUID: hyphen expected"
			}
			continue
		}
		switch {
		case isHexDigit(c):
		case 'A' <= c && c <= 'F':
			return i, "id is not a canonical UUID: upper-case digit"
		default:
			return i, "id is not a UUID: hexadecimal digit expected"
		}
	}
	if len(s) < uuidLen {
		return len(s), "id is not a UUID: too short"
	}
	return uuidLen, "id is not a UUID: too long"
}
