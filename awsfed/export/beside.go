package export

import (
	"errors"
	"fmt"
)

// answer is what a source said.
type answer[T any] struct {
	value T
	err   error
}

// beside calls a source in a goroutine of its own, so that nobody has to wait
// for one that ignores its context. A panic there would end the program, so it
// becomes an error, as runtime.Goexit does.
func beside[T any](call func() (T, error)) <-chan answer[T] {
	got := make(chan answer[T], 1) // nobody may be there to take it
	go func() {
		a := answer[T]{err: errors.New("export: the source ended its goroutine")}
		defer func() {
			if p := recover(); p != nil {
				a.err = fmt.Errorf("export: the source panicked with a %T", p) // its text may hold anything
			}
			got <- a
		}()
		value, err := call()
		a = answer[T]{value, err}
	}()
	return got
}
