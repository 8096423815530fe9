package faults_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"

	"github.com/onafed/onafed/awsfed/export"
	"github.com/onafed/onafed/idp"
)

// folderFault makes a folder unusable for writing.
type folderFault struct {
	begin, end func() error
}

const (
	fullRow     = "full disk"
	readOnlyRow = "read-only folder"
	lockRow     = "lock held by a process that hangs"
)

// fileColumns returns the components that write files, each with its test.
func fileColumns() map[string]func(*cell, folderFault) {
	return map[string]func(*cell, folderFault){credFile: diskCredentials, tokenFile: diskTokens, credCache: diskCache}
}

// diskCredentials checks that an edit that cannot be written is an error, and that the file does
// not change.
func diskCredentials(c *cell, b folderFault) {
	path := filepath.Join(c.dir, "credentials")
	f, err := export.NewCredentialsFile(path, nil)
	if err != nil {
		c.Fatal(err)
	}
	for n := range 20 { // larger than the free space on a full disk
		if err := f.WriteCredentials(c.Context(), "profile-"+string(rune('a'+n)), fakeCredentials(n)); err != nil {
			c.Fatal(err)
		}
	}
	before, err := os.ReadFile(path)
	if err != nil {
		c.Fatal(err)
	}
	c.must(b.begin())
	for range 3 {
		err := f.WriteCredentials(c.Context(), "profile-a", fakeCredentials(100))
		if _, ok := errors.AsType[*export.FileError](err); !ok {
			c.Errorf("WriteCredentials: %v, want a *export.FileError", err)
		}
		c.checkNoSecret(err, fakeCredentials(100).SessionToken)
		c.checkNoSecret(err, fakeCredentials(0).SessionToken)
	}
	if after, err := os.ReadFile(path); err != nil || string(after) != string(before) {
		c.Errorf("the file changed: %v", err)
	}
	if id, _, err := f.Lookup("profile-a", "aws_access_key_id"); err != nil || id != fakeCredentials(0).AccessKeyID {
		c.Errorf("Lookup = %q, %v", id, err)
	}
	c.onlyFiles(c.dir, "credentials")
	c.must(b.end())
	if err := f.WriteCredentials(c.Context(), "profile-a", fakeCredentials(100)); err != nil {
		c.Errorf("after the fault: %v", err)
	}
	if id, _, err := f.Lookup("profile-a", "aws_access_key_id"); err != nil || id != fakeCredentials(100).AccessKeyID {
		c.Errorf("after the fault Lookup = %q, %v", id, err)
	}
	c.onlyFiles(c.dir, "credentials")
}

// diskTokens checks that the file keeps its token.
func diskTokens(c *cell, b folderFault) {
	n := 1
	f, err := export.NewTokenFile(filepath.Join(c.dir, "web-identity"), idp.TokenSourceFunc(func(context.Context) (*idp.Token, error) { return numbered(n) }), nil)
	if err != nil {
		c.Fatal(err)
	}
	holds := func(want int) {
		raw, err := os.ReadFile(f.Path())
		token, perr := numbered(want)
		if err = errors.Join(err, perr); err != nil || len(raw) != len(token.Raw()) || tokenNumber(c, string(raw)) != want {
			c.Errorf("the file does not hold token %d: %v", want, err)
		}
		c.onlyFiles(c.dir, "web-identity")
	}
	if _, err := f.Write(c.Context()); err != nil {
		c.Fatal(err)
	}
	holds(1)
	c.must(b.begin())
	for n = 2; n < 5; n++ {
		_, err := f.Write(c.Context())
		if _, ok := errors.AsType[*export.FileError](err); !ok {
			c.Errorf("Write: %v, want a *export.FileError", err)
		}
		holds(1)
	}
	c.must(b.end())
	n = 5
	if _, err := f.Write(c.Context()); err != nil {
		c.Errorf("after the fault: %v", err)
	}
	holds(5)
}

// diskCache checks that callers get credentials, which are not cached.
func diskCache(c *cell, b folderFault) {
	cache := export.OpenCache(&export.CacheOptions{Dir: c.dir})
	if err := cache.Off(); err != nil {
		c.Fatal(err)
	}
	get := func(n, wantCalls int) {
		calls := 0
		e, err := cache.Entry(c.Context(), numberedEntry("", n, &calls))
		if err != nil || e.Credentials().SessionToken != fakeCredentials(n).SessionToken || calls != wantCalls {
			c.Errorf("entry %d: %d calls, want %d, %v", n, calls, wantCalls, err)
		}
		if left, _ := filepath.Glob(filepath.Join(c.dir, ".*.tmp")); len(left) > 0 {
			c.Errorf("%q are left in the folder", left)
		}
	}
	get(1, 1)
	get(1, 0)
	c.must(b.begin())
	get(1, 0) // it is in the cache
	get(2, 1)
	get(2, 1) // it is not in the cache
	c.must(b.end())
	get(1, 0)
	get(2, 1)
	get(2, 0)
}

// must ends a cell that cannot run.
func (c *cell) must(err error) {
	if err != nil {
		c.Fatal(err)
	}
}

// checkNoSecret checks that an error does not show the secret.
func (c *cell) checkNoSecret(err error, secret string) {
	c.checkErrorOf(&world{bearer: secret}, err)
}
