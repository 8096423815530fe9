package strictjson

// Number reads a number and returns its text.
func (l *Lexer) Number() (string, error) {
	l.space()
	end, reason := numberEnd(l.text, l.pos)
	if reason != "" {
		return "", fail(end, reason)
	}
	text := l.text[l.pos:end]
	l.pos = end
	return text, nil
}

// IsNumber reports whether s is a JSON number.
func IsNumber(s string) bool {
	end, reason := numberEnd(s, 0)
	return reason == "" && end == len(s)
}

// numberEnd returns the offset of the end of the number at s[i:] (RFC 8259, section 6), or the
// offset of its fault and the reason.
func numberEnd(s string, i int) (end int, reason string) {
	const noDigit = "digit expected"
	if i < len(s) && s[i] == '-' {
		i++
	}
	start := i
	i = digitsEnd(s, i)
	switch {
	case i == start:
		return i, noDigit
	case s[start] == '0' && i > start+1:
		return start, "number with a leading zero"
	}
	if i < len(s) && s[i] == '.' {
		start, i = i+1, digitsEnd(s, i+1)
		if i == start {
			return i, noDigit
		}
	}
	if i < len(s) && (s[i] == 'e' || s[i] == 'E') {
		i++
		if i < len(s) && (s[i] == '+' || s[i] == '-') {
			i++
		}
		start, i = i, digitsEnd(s, i)
		if i == start {
			return i, noDigit
		}
	}
	return i, ""
}

// digitsEnd returns the offset of the first byte of s from i on that is not a decimal digit.
func digitsEnd(s string, i int) int {
	for i < len(s) && '0' <= s[i] && s[i] <= '9' {
		i++
	}
	return i
}
