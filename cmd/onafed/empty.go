package main

import (
	"encoding"
	"fmt"
	"reflect"
	"slices"

	"github.com/alecthomas/kong"
)

// BeforeApply returns an error for a flag that was given with an empty value or the number 0. In
// this program these mean that a flag is not set. Without this check, a variable that a script did
// not set would turn off a restriction, or turn the choice of a file into a search. kong calls it
// before any other check, and before variables of the environment replace the values.
func (*commandLine) BeforeApply(parsed *kong.Context) error {
	for _, given := range parsed.Path {
		if given.Flag == nil {
			continue
		}
		switch value := reflect.ValueOf(parsed.FlagValue(given.Flag)); {
		case isEmpty(value):
			return fmt.Errorf("--%s is empty: give it a value, or leave the flag out", given.Flag.Name)
		case value.Kind() == reflect.Int && value.Int() == 0 && !given.Flag.Required:
			return fmt.Errorf("--%s is 0: give it another value, or leave the flag out", given.Flag.Name)
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
	return reflect.PointerTo(v.Type()).Implements(reflect.TypeFor[encoding.TextUnmarshaler]()) && v.IsZero()
}
