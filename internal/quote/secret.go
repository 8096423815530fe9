package quote

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"html"
	"strconv"
	"strings"
)

const (
	// redacted replaces a secret.
	redacted = "[redacted]"
	// minSecret is the length of the shortest secret that is removed. A shorter one would match
	// parts of ordinary words.
	minSecret = 6
	// maxLayers is the number of nested encodings that are decoded, as for a URL in a parameter of
	// a URL in JSON.
	maxLayers = 3
)

// WithoutSecrets replaces the given secrets in s, in any letter case. It also finds a secret that a
// server repeats in another form: with all or some characters escaped up to three times as in URLs,
// JSON, HTML or quoted-printable; in base64 or hexadecimal; on several lines; or in UTF-16.
func WithoutSecrets(s string, secrets ...string) string {
	var wanted [][]byte
	for _, secret := range secrets {
		wanted = append(wanted, forms(secret)...)
	}
	hidden := make([]bool, len(s)) // the bytes of s that belong to a secret
	if len(wanted) == 0 || !plainLayer(s).search(wanted, hidden, maxLayers) {
		return s
	}
	var b strings.Builder
	for i := range len(s) {
		switch {
		case !hidden[i]:
			b.WriteByte(s[i])
		case i == 0 || !hidden[i-1]:
			b.WriteString(redacted)
		}
	}
	return b.String()
}

// forms returns the texts that reveal a secret, in lower case: the secret itself, its hexadecimal
// form, and its base64 forms. In base64 the form depends on the number of bytes before the secret,
// modulo 3. The base64 forms do not include characters that also depend on bytes outside the
// secret.
func forms(secret string) [][]byte {
	if len(secret) < minSecret {
		return nil
	}
	list := []string{secret, hex.EncodeToString([]byte(secret))}
	for before := range 3 {
		start := (before*8 + 5) / 6
		end := (before + len(secret)) * 8 / 6
		for _, e := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
			if core := e.EncodeToString([]byte(strings.Repeat("\x00", before) + secret))[start:end]; len(core) >= minSecret {
				list = append(list, core)
			}
		}
	}
	lower := make([][]byte, len(list))
	for i, form := range list {
		lower[i] = bytes.ToLower([]byte(form))
	}
	return lower
}

// A layer is a text after some decoding.
type layer struct {
	text  []byte // in the original letter case
	lower []byte
	start []int // of each byte of text: where its encoding starts in the original text
	end   []int // and ends
}

func (l *layer) add(c byte, start, end int) {
	l.text = append(l.text, c)
	if 'A' <= c && c <= 'Z' {
		c += 'a' - 'A'
	}
	l.lower = append(l.lower, c)
	l.start, l.end = append(l.start, start), append(l.end, end)
}

func plainLayer(s string) *layer {
	l := &layer{}
	for i := range len(s) {
		l.add(s[i], i, i+1)
	}
	return l
}

// hide marks the bytes of the original text that encode form, and reports whether there are any.
func (l *layer) hide(form []byte, hidden []bool) bool {
	marked := 0
	for at := 0; ; at++ {
		n := bytes.Index(l.lower[at:], form)
		if n < 0 {
			return marked > 0
		}
		at += n
		end := l.end[at+len(form)-1]
		for i := max(marked, l.start[at]); i < end; i++ {
			hidden[i] = true
		}
		marked = end
	}
}

// search marks the bytes of the original text that encode one of the forms, and reports whether
// there are any. It decodes at most the given number of further layers. The same text can be an
// escape in one encoding and plain text in another, such as "=ab" in a query. Therefore search
// decodes each group of encodings separately.
func (l *layer) search(wanted [][]byte, hidden []bool, layers int) bool {
	found := false
	for _, form := range wanted {
		found = l.hide(form, hidden) || found
	}
	if layers == 0 {
		return found
	}
	for _, leads := range [...]string{"%&\\", "&\\", "=", "\n"} {
		if next, changed := l.decode(leads); changed {
			found = next.search(wanted, hidden, layers-1) || found
		}
	}
	return found
}

// decode returns l after it decoded, once, each escape that begins with a character of leads, and
// removed all line breaks and zero bytes. It reports whether it decoded such an escape or, if leads
// contain "\n", removed a line break or a zero byte.
func (l *layer) decode(leads string) (next *layer, changed bool) {
	next = &layer{}
	for i := 0; i < len(l.text); {
		c, n, ok := l.text[i], 1, true
		lead := rune(c)
		switch c {
		case '\r', '\n', 0:
			lead = '\n'
			n, ok = lineBreak(l.text[i:]), false
		case '%', '=', '\\', '&':
			if strings.IndexByte(leads, c) >= 0 {
				c, n, ok = unescape(l.text[i:])
			}
		}
		changed = changed || (n > 1 || !ok) && strings.ContainsRune(leads, lead)
		if ok {
			next.add(c, l.start[i], l.end[i+n-1])
		}
		i += n
	}
	return next, changed
}

// lineBreak returns the length of the zero byte, or of the line break and the indentation after it, at
// the beginning of text. A header can be folded.
func lineBreak(text []byte) int {
	n := 1
	for text[0] != 0 && n < len(text) && (text[n] == ' ' || text[n] == '\t') {
		n++
	}
	return n
}

// unescape returns the character at the beginning of text and the length of its escape, which is 1
// for an ordinary character. If ok is false, the escape is a line break and not a character of the
// text.
func unescape(text []byte) (c byte, n int, ok bool) {
	switch c = text[0]; {
	case c == '=' && len(text) > 1 && (text[1] == '\n' || text[1] == '\r'): // quoted-printable
		return 0, 1, false
	case c == '%' || c == '=':
		return number(text, 1, 2, 16)
	case c == '\\':
		return backslash(text)
	default:
		return entity(text)
	}
}

// number returns the results of unescape for an escape that consists of a prefix and the digits of
// a character code.
func number(text []byte, prefix, digits, base int) (c byte, n int, ok bool) {
	if len(text) >= prefix+digits {
		if code, err := strconv.ParseUint(string(text[prefix:prefix+digits]), base, 8); err == nil {
			return byte(code), prefix + digits, true
		}
	}
	return text[0], 1, true
}

// backslash reads an escape of JSON, of a programming language or of a shell.
func backslash(text []byte) (c byte, n int, ok bool) {
	if len(text) < 2 {
		return text[0], 1, true
	}
	switch c := text[1]; {
	case c == 'u':
		return number(text, 2, 4, 16)
	case c == 'U':
		return number(text, 2, 8, 16)
	case c == 'x':
		return number(text, 2, 2, 16)
	case '0' <= c && c <= '7':
		return number(text, 1, 3, 8)
	case c == '\n' || c == '\r' || c == 'n' || c == 'r':
		return 0, 2, false
	case 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z':
		return text[0], 1, true
	}
	return text[1], 2, true
}

// entity reads a character reference of HTML.
func entity(text []byte) (c byte, n int, ok bool) {
	const longest = 12
	end := bytes.IndexByte(text[:min(len(text), longest)], ';')
	if end < 0 {
		return text[0], 1, true
	}
	name, isNumber := strings.CutPrefix(strings.ToLower(string(text[1:end])), "#")
	if isNumber {
		base := 10
		if digits, isHex := strings.CutPrefix(name, "x"); isHex {
			name, base = digits, 16
		}
		if code, err := strconv.ParseUint(name, base, 8); err == nil {
			return byte(code), end + 1, true
		}
		return text[0], 1, true
	}
	if char := html.UnescapeString("&" + name + ";"); len(char) == 1 {
		return char[0], end + 1, true
	}
	return text[0], 1, true
}
