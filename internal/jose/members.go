package jose

import (
	"encoding/json"
	"errors"
	"unicode/utf8"

	"github.com/onafed/onafed/internal/strictjson"
)

// Members reads a JSON object into its members. A name that occurs twice, text after the object,
// and text that is not UTF-8 are errors. encoding/json would take the last member, ignore the text,
// and replace characters. The values are valid JSON, and not checked further.
func Members(data []byte) (map[string]json.RawMessage, error) {
	if !utf8.Valid(data) {
		return nil, errors.New("not UTF-8")
	}
	if !json.Valid(data) {
		return nil, errors.New("not valid JSON")
	}
	m := make(map[string]json.RawMessage)
	l := strictjson.New(string(data), strictjson.Limits{Depth: maxDepth})
	err := l.Document(func(name string, _ int) error {
		value, err := l.Extent()
		m[name] = json.RawMessage(value)
		return err
	})
	if err != nil {
		return nil, err
	}
	return m, nil
}
