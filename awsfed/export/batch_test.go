package export_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/onafed/onafed/awsfed/export"
)

// sharedFiles returns the two files in one folder. A text of "-" means that the file does not exist.
func sharedFiles(t *testing.T, credentialsText, configText string, opts *export.FileOptions) (credentials, config *export.File) {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{"credentials": credentialsText, "config": configText} {
		if text != "-" {
			write(t, filepath.Join(dir, name), text, 0o600)
		}
	}
	credentials, err := export.NewCredentialsFile(filepath.Join(dir, "credentials"), opts)
	if err != nil {
		t.Fatal(err)
	}
	config, err = export.NewConfigFile(filepath.Join(dir, "config"), opts)
	if err != nil {
		t.Fatal(err)
	}
	return credentials, config
}

const command = "/usr/local/bin/onafed aws credential-process"

// A batch writes the bytes that the same edits one after the other write.
func TestBatchIsItsEdits(t *testing.T) {
	t.Parallel()
	const config = "# mine\n[profile b]\nregion = eu-west-1\n\n[default]\noutput = json\n"
	for name, text := range map[string][2]string{
		"no files": {"-", "-"},
		"files":    {"[b]\naws_access_key_id = ASIAX\naws_secret_access_key = x\naws_session_token = y\n\n[other]\nx = 1", config},
		"CRLF":     {"[z]\r\n", strings.ReplaceAll(config, "\n", "\r\n")},
	} {
		credentialsB, configB := sharedFiles(t, text[0], text[1], nil)
		var b export.Batch
		credentialsS, configS := sharedFiles(t, text[0], text[1], nil)
		ctx := t.Context()
		for i, profile := range []string{"a", "b", "default"} {
			if i == 0 {
				b.WriteCredentials(credentialsB, profile, credentials(i))
				check(t, credentialsS.WriteCredentials(ctx, profile, credentials(i)))
				continue
			}
			b.RemoveCredentials(credentialsB, profile)
			_, err := credentialsS.RemoveCredentials(ctx, profile)
			check(t, err)
			b.WriteProcess(configB, profile, command)
			check(t, configS.WriteProcess(ctx, profile, command))
			b.Edit(configB, profile, export.Set("region", "us-east-2"))
			check(t, configS.Edit(ctx, profile, export.Set("region", "us-east-2")))
		}
		check(t, b.Commit(ctx))
		for got, want := range map[*export.File]*export.File{credentialsB: credentialsS, configB: configS} {
			if diff := cmp.Diff(read(t, want.Path()), read(t, got.Path())); diff != "" {
				t.Errorf("%s: %s differs from its edits one after the other (-want +got):\n%s", name, filepath.Base(got.Path()), diff)
			}
		}
	}
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// One change that is refused leaves both files as they were, and no other file beside them. The
// error names the line of the file as it is, although changes before would have moved it.
func TestBatchIsAllOrNone(t *testing.T) {
	t.Parallel()
	const longTerm = "[first]\nx = 1\n\n[third]\naws_access_key_id = AKIAEXAMPLE\naws_secret_access_key = x\n"
	for rule, tt := range map[string]struct {
		credentials, config string
		want                string
		line                int
	}{
		"long-term keys":             {longTerm, "-", "keys that would be lost", 5},
		"a setting that SDKs prefer": {"-", "[profile third]\nrole_arn = x\n", "has role_arn", 2},
		"a file that is not INI":     {"-", "garbage\n", "text before the first section", 1},
	} {
		c, config := sharedFiles(t, tt.credentials, tt.config, nil)
		var b export.Batch
		for i, profile := range []string{"first", "second", "third"} {
			b.WriteCredentials(c, profile, credentials(i))
			b.WriteProcess(config, profile, command)
		}
		err := b.Commit(t.Context())
		refused, ok := errors.AsType[*export.FileError](err)
		if !ok || !strings.Contains(err.Error(), tt.want) || refused.Line != tt.line {
			t.Errorf("%s: Commit = %v, want a FileError at line %d with %q", rule, err, tt.line, tt.want)
		}
		for file, want := range map[*export.File]string{c: tt.credentials, config: tt.config} {
			text, err := os.ReadFile(file.Path())
			if errors.Is(err, os.ErrNotExist) {
				text = []byte("-")
			}
			if string(text) != want {
				t.Errorf("%s: %s = %q, want it unchanged: %q", rule, file.Path(), text, want)
			}
			lock, temp := file.Siblings()
			for _, path := range []string{lock, temp} {
				if _, err := os.Lstat(path); !errors.Is(err, os.ErrNotExist) {
					t.Errorf("%s: the refused batch left %s (%v)", rule, path, err)
				}
			}
		}
	}
}

// If the second file cannot be replaced, the first one is put back.
func TestBatchPutsBack(t *testing.T) {
	t.Parallel()
	for _, before := range []string{"# mine\n[default]\nregion = x", "-"} {
		credentialsFile, config := sharedFiles(t, "[x]\n", before, nil)
		var b export.Batch
		b.WriteProcess(config, "a", command)
		b.WriteCredentials(credentialsFile, "a", credentials(1))
		err := export.CommitSlowly(t.Context(), &b, func() {
			check(t, os.Remove(credentialsFile.Path()))
			check(t, os.MkdirAll(filepath.Join(credentialsFile.Path(), "x"), 0o700)) // cannot be replaced by a file
		})
		if refused, ok := errors.AsType[*export.FileError](err); !ok || refused.Path != credentialsFile.Path() {
			t.Errorf("CommitSlowly = %v, want a FileError of the credentials file", err)
		}
		text, err := os.ReadFile(config.Path())
		if errors.Is(err, os.ErrNotExist) {
			text = []byte("-")
		}
		if string(text) != before {
			t.Errorf("the config file is %q, want it put back: %q", text, before)
		}
		_, temp := credentialsFile.Siblings()
		if _, err := os.Lstat(temp); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("the temporary file is still there: %v", err)
		}
	}
}

// A mistake in any method is reported by Commit, and nothing is written.
func TestBatchRefusals(t *testing.T) {
	t.Parallel()
	for want, add := range map[string]func(b *export.Batch, credentialsFile, config *export.File){
		"the profile name is empty":         func(b *export.Batch, c, _ *export.File) { b.WriteCredentials(c, "", credentials(1)) },
		"is a setting of the config file":   func(b *export.Batch, c, _ *export.File) { b.WriteProcess(c, "a", command) },
		"the command is empty":              func(b *export.Batch, _, c *export.File) { b.WriteProcess(c, "a", "") },
		"a key is empty":                    func(b *export.Batch, _, c *export.File) { b.Edit(c, "a", export.Set("", "x")) },
		"the profile name is longer":        func(b *export.Batch, _, c *export.File) { b.RemoveCredentials(c, strings.Repeat("a", 257)) },
		"both the credentials file and the": func(b *export.Batch, c, _ *export.File) { b.Edit(sameFile(t, c), "a", export.Set("x", "y")) },
	} {
		c, config := sharedFiles(t, "[a]\n", "[profile a]\n", nil)
		var b export.Batch
		b.Edit(c, "a", export.Set("x", "y"))
		add(&b, c, config)
		b.Edit(config, "a", export.Set("x", "y"))
		if err := b.Commit(t.Context()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Commit = %v, want an error with %q", err, want)
		}
		if got := read(t, c.Path()) + read(t, config.Path()); got != "[a]\n[profile a]\n" {
			t.Errorf("%s: the files were changed: %q", want, got)
		}
		if err := b.Commit(t.Context()); err != nil {
			t.Errorf("%s: Commit of the batch that is empty now = %v", want, err)
		}
	}
}

// sameFile returns the file as a config file.
func sameFile(t *testing.T, f *export.File) *export.File {
	t.Helper()
	config, err := export.NewConfigFile(f.Path(), nil)
	check(t, err)
	return config
}

// Batches that name the files in different orders do not wait for each other's locks.
func TestBatchesAtOnce(t *testing.T) {
	t.Parallel()
	credentialsFile, config := sharedFiles(t, "-", "-", nil)
	var wait sync.WaitGroup
	for i := range 8 {
		wait.Go(func() {
			var b export.Batch
			add := []func(){
				func() { b.WriteCredentials(credentialsFile, fmt.Sprintf("p%d", i), credentials(i)) },
				func() { b.Edit(config, fmt.Sprintf("p%d", i), export.Set("region", "x")) },
			}
			add[i%2]()
			add[1-i%2]()
			if err := b.Commit(t.Context()); err != nil {
				t.Errorf("Commit = %v", err)
			}
		})
	}
	wait.Wait()
	if got := strings.Count(read(t, credentialsFile.Path())+read(t, config.Path()), "["); got != 16 {
		t.Errorf("the files have %d sections, want 16", got)
	}
}

// A change of a batch is made to the text after the changes before it.
func TestBatchChangesTheChangedText(t *testing.T) {
	t.Parallel()
	f := credentialsFile(t, "[p]\na = \"x\"\n", nil)
	var b export.Batch
	b.Edit(f, "p", export.Set("a", "")) // SDKs read the line differently, so that no other change of the section is possible
	b.Edit(f, "p", export.Set("b", "1"))
	check(t, b.Commit(t.Context()))
	if got, want := read(t, f.Path()), "[p]\nb = 1\n"; got != want {
		t.Errorf("the file is %q, want %q", got, want)
	}
}
