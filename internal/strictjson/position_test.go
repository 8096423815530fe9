package strictjson_test

import (
	"strings"
	"testing"

	"github.com/onafed/onafed/internal/strictjson"
)

// Forward counts from the position before it and reads nothing before that, also if there is no
// newline. Otherwise many positions on one line would take time that grows with the square of their
// number. The test makes the text before the position unreadable.
func TestForwardReadsOnlyTheTextBetween(t *testing.T) {
	t.Parallel()
	for rule, text := range map[string]string{
		"one line":            `[{"a": "é"}, {"a": "é", "b": 1}]`,
		"several lines":       "[\n{\"a\":\n\"é\"}, {\"a\": \"é\",\n \"b\": 1}]",
		"newline in between":  "[{\"a\": \"é\"},\n{\"a\": \"é\", \"b\": 1}]",
		"newline at the ends": "\n[]\n",
	} {
		t.Run(rule, func(t *testing.T) {
			t.Parallel()
			for from := range len(text) {
				for to := from; to <= len(text); to++ {
					if to < len(text) && text[to] >= 0x80 && text[to] < 0xC0 || text[from] >= 0x80 && text[from] < 0xC0 {
						continue // inside of a character
					}
					before := text[:to]
					line := before[strings.LastIndexByte(before, '\n')+1:]
					wantLine, wantColumn := 1+strings.Count(before, "\n"), 1+len([]rune(line))

					start := strictjson.Position{}.Forward(text, from)
					// Each byte would be one more line if it were read again.
					unreadable := strings.Repeat("\n", from) + text[from:]
					got := start.Forward(unreadable, to)
					if got.Line() != wantLine || got.Column() != wantColumn || got.Offset != to {
						t.Fatalf("Forward(%d) from %d = line %d, column %d, want %d, %d", to, from, got.Line(), got.Column(), wantLine, wantColumn)
					}
				}
			}
		})
	}
}

func TestForwardStopsAtTheEnd(t *testing.T) {
	t.Parallel()
	if got, want := (strictjson.Position{}).Forward("a\nb", 9), (strictjson.Position{Offset: 3, LineBreaks: 1, Characters: 1}); got != want {
		t.Errorf("Forward(9) = %+v, want %+v", got, want)
	}
}
