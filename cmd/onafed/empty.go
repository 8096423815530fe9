package main

import (
	"encoding"
	"fmt"
	"reflect"
	"slices"

	"github.com/alecthomas/kong"
)

// AfterApply returns an error for a flag that was given with an empty value. In this program ""
// means that a flag is not set. Without this check, a variable that a script did not set would turn
// off a restriction, or turn the choice of a file into a search. kong calls it before the AfterApply
// of the flags, which replace "" by the values of variables.
func (*commandLine) AfterApply(parsed *kong.Context) error {
	for _, given := range parsed.Path {
		if given.Flag != nil && isEmpty(given.Flag.Target) {
			return fmt.Errorf("--%s is empty: give it a value, or leave the flag out", given.Flag.Name)
		}
	}
	return nil
}

// isEmpty reports whether the value of a flag is, or contains, an empty text. Numbers, durations
// and switches cannot be empty.
func isEmpty(v reflect.Value) bool {
	switch {
	case v.Kind() == reflect.String, v.Kind() == reflect.Map:
		return v.Len() == 0
	case v.Type() == reflect.TypeFor[[]string]():
		// A list that was split at commas has no element then.
		return v.Len() == 0 || slices.Contains(v.Interface().([]string), "")
	}
	_, isText := v.Addr().Interface().(encoding.TextUnmarshaler)
	return isText && v.IsZero()
}
