package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode"
)

// namedRule is an entry of a rules file.
type namedRule struct {
	Role string `json:"role"`
	ruleFlags
}

// readRules reads a rules file. A member that is not known, that is there twice or that says nothing is an error: a misspelt or empty
// "project" would let the whole organization in.
func readRules(file string, text []byte) ([]namedRule, error) {
	var entries []json.RawMessage
	dec := json.NewDecoder(bytes.NewReader(text))
	if err := dec.Decode(&entries); err != nil {
		return nil, fmt.Errorf("%+q is not a list of rules: %w", file, err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%+q has something behind the list of rules", file)
	}
	if len(entries) == 0 {
		return nil, fmt.Errorf("%+q has no rules", file)
	}
	rules := make([]namedRule, len(entries))
	for i, entry := range entries {
		err := checkMembers(entry)
		if err == nil {
			dec := json.NewDecoder(bytes.NewReader(entry))
			dec.DisallowUnknownFields()
			err = dec.Decode(&rules[i])
		}
		if err != nil {
			return nil, fmt.Errorf("%+q: rule %d: %w", file, i+1, err)
		}
	}
	return rules, nil
}

// checkMembers holds that every member of a rule says something, and once. encoding/json takes names in any case, the last one of several,
// and null for nothing said.
func checkMembers(rule []byte) error {
	dec := json.NewDecoder(bytes.NewReader(rule))
	if start, err := dec.Token(); err != nil || start != json.Delim('{') {
		return errors.New("it is no object")
	}
	seen := make(map[string]bool)
	for dec.More() {
		name, err := dec.Token()
		if err != nil {
			return err
		}
		member := fmt.Sprint(name)
		folded := fold(member)
		if seen[folded] {
			return fmt.Errorf("the member %+q is there twice, upper and lower case being the same", member)
		}
		seen[folded] = true
		var value any
		if err := dec.Decode(&value); err != nil {
			return err
		}
		if saysNothing(value) {
			return fmt.Errorf("the member %+q is empty: give it a value, or leave it out, and the flag of that name holds", member)
		}
	}
	return nil
}

// fold maps names that encoding/json takes for the same to one.
func fold(name string) string {
	return strings.Map(func(r rune) rune {
		least := r
		for next := unicode.SimpleFold(r); next != r; next = unicode.SimpleFold(next) {
			least = min(least, next)
		}
		return least
	}, name)
}

// saysNothing reports whether a value, or one in a list, is null or empty. An empty list says that there are none.
func saysNothing(value any) bool {
	if list, ok := value.([]any); ok {
		return slices.ContainsFunc(list, saysNothing)
	}
	return value == nil || value == ""
}

// or fills what a rule of a file leaves out.
func (f ruleFlags) or(flags ruleFlags) ruleFlags {
	for _, field := range []struct {
		to   *string
		from string
	}{
		{&f.Account, flags.Account},
		{&f.Partition, flags.Partition},
		{&f.Issuer, flags.Issuer},
		{&f.Audience, flags.Audience},
		{&f.Organization, flags.Organization},
		{&f.Project, flags.Project},
		{&f.Environment, flags.Environment},
		{&f.User, flags.User},
		{&f.Creator, flags.Creator},
		{&f.Format, flags.Format},
		{&f.Sid, flags.Sid},
	} {
		*field.to = cmp.Or(*field.to, field.from)
	}
	if f.ExtraField == nil {
		f.ExtraField = flags.ExtraField
	}
	if f.MoreAction == nil {
		f.MoreAction = flags.MoreAction
	}
	return f
}
