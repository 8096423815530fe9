package idp_test

import (
	"fmt"
	"reflect"
	"testing"
	"time"
	"unsafe"
)

// addressable returns v as a value that has an address, although it has none. Dumpers such as
// github.com/davecgh/go-spew do that to call methods of a pointer. The result is right only if package
// reflect holds the value by its address, which it does not do for a type of the size of a pointer that
// is one, such as a struct of one func.
func addressable(v reflect.Value) reflect.Value {
	field, ok := reflect.TypeFor[reflect.Value]().FieldByName("flag")
	if !ok {
		panic("reflect.Value has changed")
	}
	flag := func(v *reflect.Value) *uintptr {
		return (*uintptr)(unsafe.Add(unsafe.Pointer(v), field.Offset))
	}
	var sample struct{ A int }
	with, without := reflect.ValueOf(&sample).Elem().Field(0), reflect.ValueOf(sample).Field(0)
	*flag(&v) |= *flag(&with) &^ *flag(&without)
	return v
}

// A copied token can be dumped by go-spew. When Token was a struct of one func, the program ended with
// a fault that cannot be recovered.
func TestCopiedTokenCanBeDumped(t *testing.T) {
	t.Parallel()
	tok := token(t, time.Unix(1740517845, 0), nil)
	dumped := addressable(reflect.ValueOf(*tok))
	if !dumped.CanAddr() {
		t.Fatal("the test does not do what go-spew does")
	}
	s, ok := dumped.Addr().Interface().(fmt.Stringer)
	if !ok || s.String() != tok.String() {
		t.Errorf("String = %v, %v", s, ok)
	}
}
