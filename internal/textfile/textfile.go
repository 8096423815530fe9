// Package textfile reads the start of a file, and recognizes text in UTF-16 and UTF-32, so that an
// error can name the encoding and say how to convert the text.
package textfile

import (
	"errors"
	"strings"
)

// Encoding returns the name of the encoding if text is UTF-16 or UTF-32, such as "UTF-16 (little
// endian)", and "" for other text. It examines the first four bytes: the byte order mark or,
// without one, the positions of the zero bytes in ASCII characters.
func Encoding(text string) string {
	head := text[:min(len(text), 4)]
	zeros := [4]bool{}
	for i := range len(head) {
		zeros[i] = head[i] == 0
	}
	switch {
	case strings.HasPrefix(text, "\xff\xfe\x00\x00"), len(head) == 4 && zeros == [4]bool{false, true, true, true}:
		return "UTF-32 (little endian)"
	case strings.HasPrefix(text, "\x00\x00\xfe\xff"), len(head) == 4 && zeros == [4]bool{true, true, true, false}:
		return "UTF-32 (big endian)"
	case strings.HasPrefix(text, "\xff\xfe"), len(head) > 1 && !zeros[0] && zeros[1]:
		return "UTF-16 (little endian)"
	case strings.HasPrefix(text, "\xfe\xff"), len(head) > 1 && zeros[0] && !zeros[1]:
		return "UTF-16 (big endian)"
	}
	return ""
}

// CheckJSON returns an error if text is UTF-16 or UTF-32, or begins with the byte order mark of UTF-8,
// which IAM refuses. The error does not contain the text.
func CheckJSON(text string) error {
	if strings.HasPrefix(text, "\ufeff") {
		return errors.New("the text begins with a byte order mark: write it without one; in Windows PowerShell 5, with | Out-File -Encoding ascii")
	}
	return Check(text)
}

// Check returns an error if text is UTF-16 or UTF-32. The error does not contain the text.
func Check(text string) error {
	encoding := Encoding(text)
	switch {
	case encoding == "":
		return nil
	case strings.HasPrefix(encoding, "UTF-16"):
		return errors.New("the text is " + encoding + ", want UTF-8; in Windows PowerShell 5, write it with | Out-File -Encoding ascii instead of >")
	}
	return errors.New("the text is " + encoding + ", want UTF-8; convert it, for example with iconv")
}
