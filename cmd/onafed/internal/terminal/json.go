package terminal

import (
	"bytes"
	"encoding/json"
)

// JSON returns v as indented JSON that is safe to print: see [Escape].
func JSON(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "\t")
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return Escape(b.Bytes()), nil
}

// WriteJSON writes v to standard output as [JSON] formats it.
func (t *Terminal) WriteJSON(v any) error {
	text, err := JSON(v)
	if err != nil {
		return err
	}
	_, err = t.Out.Write(text)
	return err
}
