package trust

import (
	"errors"
	"strings"
	"testing"
)

// A place counts on from the place before it and reads nothing that lies before
// that, also when there is no newline: else many policies on one line would cost
// the square of their number. What was counted is made unreadable here.
func TestPlaceLooksForwardOnly(t *testing.T) {
	t.Parallel()
	for rule, text := range map[string]string{
		"one line":           `[{"a": "é"}, {"a": "é", "b": 1}]`,
		"several lines":      "[\n{\"a\":\n\"é\"}, {\"a\": \"é\",\n \"b\": 1}]",
		"newline at the cut": "[{\"a\": \"é\"},\n{\"a\": \"é\", \"b\": 1}]",
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

					data := []byte(text)
					r := &jsonReader{data: data, base: place{}.forward(data, from)}
					for i := range from {
						data[i] = '\n' // one more line each if it is read again
					}
					if from > 0 {
						data[0] = 'x'
					}
					var pe *ParseError
					if err := r.fail(to, "x"); !errors.As(err, &pe) || pe.Line != wantLine || pe.Column != wantColumn {
						t.Fatalf("fail(%d) from %d = %v, want line %d, column %d", to, from, err, wantLine, wantColumn)
					}
				}
			}
		})
	}
}
