package strictjson

import (
	"errors"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Position is an offset in a text, with the line and the column for people. The zero Position is
// the start of the text.
type Position struct {
	Offset     int // in bytes
	LineBreaks int // number of newlines before Offset
	Characters int // number of characters between the start of the line and Offset
}

// Line returns the number of the line, from 1.
func (p Position) Line() int { return p.LineBreaks + 1 }

// Column returns the number of the character in its line, from 1.
func (p Position) Column() int { return p.Characters + 1 }

// Forward returns the position of an offset after p. It reads only the text between p and the
// offset. For many positions, call it on the previous position each time. Counting each from the
// start of the text or line would take quadratic time, because JSON that a program writes is often
// one line.
func (p Position) Forward(text string, offset int) Position {
	offset = min(offset, len(text))
	between := text[p.Offset:offset]
	if n := strings.Count(between, "\n"); n > 0 {
		p.LineBreaks += n
		p.Characters = 0
		between = between[strings.LastIndexByte(between, '\n')+1:]
	}
	p.Characters += utf8.RuneCountInString(between)
	p.Offset = offset
	return p
}

// Locate returns an error about a text with the line and the column, if it is an [*Error]. Other
// errors are returned as they are.
func Locate(text string, err error) error {
	wrong, ok := errors.AsType[*Error](err)
	if !ok {
		return err
	}
	at := Position{}.Forward(text, wrong.Offset)
	return errors.New("line " + strconv.Itoa(at.Line()) + ", column " + strconv.Itoa(at.Column()) + ": " + wrong.Reason)
}
