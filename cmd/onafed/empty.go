package main

import (
	"encoding"
	"fmt"
	"reflect"
	"slices"

	"github.com/alecthomas/kong"
)

// checkEmpty refuses a flag that was given without a value. Everywhere in this program "" means that nothing was said, so a variable
// of a script that is not set would turn a restriction off, or the choice of a file into a search.
func checkEmpty(parsed *kong.Context) error {
	for _, given := range parsed.Path {
		if given.Flag != nil && isEmpty(given.Flag.Target) {
			return fmt.Errorf("--%s is empty: give it a value, or leave the flag out", given.Flag.Name)
		}
	}
	return nil
}

// isEmpty reports whether an empty text was among what a flag was given. Numbers, durations and switches cannot be made of one.
func isEmpty(v reflect.Value) bool {
	switch {
	case v.Kind() == reflect.String:
		return v.Len() == 0
	case v.Kind() == reflect.Map:
		return v.Len() == 0
	case v.Type() == reflect.TypeFor[[]string]():
		return v.Len() == 0 || slices.Contains(v.Interface().([]string), "") // a list split at commas has no element then
	}
	_, isText := v.Addr().Interface().(encoding.TextUnmarshaler)
	return isText && v.IsZero()
}
