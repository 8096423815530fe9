package awsfed_test

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/onafed/onafed/awsfed"
	"github.com/onafed/onafed/idp"
)

// Paths in an error of package idp are shown, however they look. The text of another source may
// contain anything.
func TestErrorsOfSourcesKeepPaths(t *testing.T) {
	t.Parallel()
	const name = "OnaProductionApiToken2024"
	missing := filepath.Join(t.TempDir(), name)
	for want, src := range map[string]idp.TokenSource{
		name + `": `:    idp.File(missing),
		"no [redacted]": idp.TokenSourceFunc(func(context.Context) (*idp.Token, error) { return nil, errors.New("no " + name) }),
	} {
		p, err := awsfed.New(newService(), roleARN, src)
		if err != nil {
			t.Fatal(err)
		}
		// The name of the source comes first, and the cause after it.
		if _, err = p.Retrieve(t.Context()); err == nil || !strings.Contains(err.Error()[strings.LastIndex(err.Error(), "token from"):], want) {
			t.Errorf("Retrieve = %v, want %q", err, want)
		}
	}
}
