package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/onafed/onafed/claims"
	"github.com/onafed/onafed/cmd/onafed/internal/policyfile"
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

// documents are the trust policies of a file, or of standard input for "-".
func documents(path string, t *terminal) ([]policyfile.Document, error) {
	text, err := read(path, t)
	if err != nil {
		return nil, err
	}
	all, err := policyfile.Parse(string(text))
	if err != nil {
		return nil, fmt.Errorf("%+q: %w", path, err)
	}
	return all, nil
}

// readClaims takes a payload, or the output of idp token --decode.
func readClaims(text []byte) (claims.Claims, error) {
	const wanted = "wanted is the payload of a token, or what idp token --decode prints"
	var decoded struct {
		Claims json.RawMessage
		Header json.RawMessage
	}
	if err := json.Unmarshal(text, &decoded); err == nil && decoded.Claims != nil && decoded.Header != nil {
		text = decoded.Claims
	}
	c, err := claims.Parse(text)
	if err != nil {
		return claims.Claims{}, fmt.Errorf("%w; %s", err, wanted)
	}
	if c.Issuer == "" {
		return claims.Claims{}, errors.New("the claims have no iss: " + wanted)
	}
	return c, nil
}
