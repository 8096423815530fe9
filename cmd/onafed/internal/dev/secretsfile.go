package dev

import (
	"fmt"
	"strings"

	"github.com/onafed/onafed/cmd/onafed/internal/terminal"
	"github.com/onafed/onafed/internal/quote"
	"github.com/onafed/onafed/internal/strictjson"
)

// AWS's limits for a secret (AWS Secrets Manager API Reference, CreateSecret, and "AWS Secrets
// Manager quotas").
const (
	maxSecretName  = 512
	maxSecretValue = 65_536
	maxSecrets     = 500_000
)

// defaultSecrets are the secrets without --secrets. The name is that of Ona's documentation.
func defaultSecrets() map[string]string {
	return map[string]string{"database_connection_string": "postgres://dev:onafed@127.0.0.1:5432/dev"}
}

// secrets returns the secrets of --secrets, or the default.
func (c *Command) secrets(t *terminal.Terminal) (map[string]string, error) {
	if c.Secrets == "" {
		return defaultSecrets(), nil
	}
	text, err := t.ReadFile(c.Secrets)
	if err != nil {
		return nil, fmt.Errorf("--secrets: %w", err)
	}
	secrets, err := parseSecrets(text)
	if err != nil {
		return nil, fmt.Errorf("--secrets %s: %w", quote.Path(c.Secrets), err)
	}
	return secrets, nil
}

// parseSecrets reads an object of names and values. No error contains a value.
func parseSecrets(text string) (map[string]string, error) {
	l := strictjson.New(text, strictjson.Limits{Depth: 1})
	secrets := make(map[string]string)
	err := l.Document(func(name string, offset int) error {
		if err := checkSecretName(name); err != nil {
			return &strictjson.Error{Offset: offset, Reason: err.Error()}
		}
		at := l.Offset()
		value, err := readSecret(l)
		if err != nil {
			return err
		}
		if len(value) == 0 || len(value) > maxSecretValue {
			return &strictjson.Error{Offset: at, Reason: fmt.Sprintf("the value of %s has %d bytes, want 1 to %d", quote.Text(name, 80), len(value), maxSecretValue)}
		}
		if len(secrets) == maxSecrets {
			return &strictjson.Error{Offset: offset, Reason: fmt.Sprintf("more than %d secrets", maxSecrets)}
		}
		secrets[name] = value
		return nil
	})
	if err != nil {
		return nil, strictjson.Locate(text, err)
	}
	return secrets, nil
}

// readSecret reads the value of a secret.
func readSecret(l *strictjson.Lexer) (string, error) {
	if kind := l.Kind(); kind != strictjson.String {
		reason := "the value of a secret must be a string"
		if kind == strictjson.Object || kind == strictjson.Array {
			reason += ": write JSON as a string, with a backslash before each quotation mark"
		}
		return "", &strictjson.Error{Offset: l.Offset(), Reason: reason}
	}
	return l.Text()
}

func checkSecretName(name string) error {
	const special = "/_+=.@-"
	valid := func(r rune) bool {
		return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || strings.ContainsRune(special, r)
	}
	switch {
	case name == "" || len(name) > maxSecretName:
		return fmt.Errorf("the name %s has %d characters, want 1 to %d", quote.Text(name, 80), len(name), maxSecretName)
	case strings.ContainsFunc(name, func(r rune) bool { return !valid(r) }):
		return fmt.Errorf("the name %s has other characters than letters, digits and %s", quote.Text(name, 80), special)
	}
	return nil
}
