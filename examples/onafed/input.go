package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/onafed/onafed/claims"
)

// maxInput is more than any account's roles or any Terraform plan that a person would wait for.
const maxInput = 256 << 20

// read returns a whole file, or standard input for "-".
func read(path string, t *terminal) ([]byte, error) {
	in := t.in
	if path != "-" {
		f, err := os.Open(path)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		in = f
	}
	text, err := io.ReadAll(io.LimitReader(in, maxInput+1))
	if err != nil {
		return nil, err
	}
	if len(text) > maxInput {
		return nil, fmt.Errorf("%+q is larger than %d MiB", path, maxInput>>20)
	}
	return text, nil
}

// readClaims takes a payload, or the output of idp token --decode.
func readClaims(text []byte) (claims.Claims, error) {
	var decoded struct {
		Claims json.RawMessage
		Header json.RawMessage
	}
	if err := json.Unmarshal(text, &decoded); err == nil && decoded.Claims != nil && decoded.Header != nil {
		text = decoded.Claims
	}
	c, err := claims.Parse(text)
	if err != nil {
		return c, fmt.Errorf("%w; wanted is the payload of a token, or what idp token --decode prints", err)
	}
	if c.Issuer == "" {
		return c, errors.New("claims: there is no iss: wanted is the payload of a token, or what idp token --decode prints")
	}
	return c, nil
}

// writeJSON prints v as --json does everywhere.
func writeJSON(t *terminal, v any) error {
	text, err := render(v)
	if err != nil {
		return err
	}
	_, err = t.out.Write(text)
	return err
}
