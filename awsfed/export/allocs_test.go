package export_test

import (
	"fmt"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/onafed/onafed/awsfed/export"
)

// profiles returns a credentials file of n profiles, each with keys and a token.
func profiles(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "# profile %d\n[profile-%d]\naws_access_key_id = ASIATESTONAFED%06d\naws_secret_access_key = %040d\naws_session_token = %0400d\nregion = eu-west-1\n\n", i, i, i, i, i)
	}
	return b.String()
}

// A safe edit of one of 200 profiles on disk needs at most 47 allocations, and up to 10 more with the
// race detector, under which a sync.Pool drops a part of its values. To check the owner of a folder on
// the way takes two more for each folder. Opening the folder, so that later steps do not depend on
// its path, costs about ten.
func TestEditAllocations(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows converts each path to UTF-16, which allocates")
	}
	f := credentialsFile(t, profiles(200), nil)
	limit := 57 + 2*float64(strings.Count(f.Path(), "/"))
	ctx, n := t.Context(), 0
	if got := testing.AllocsPerRun(20, func() {
		n++
		if err := f.WriteCredentials(ctx, "profile-100", credentials(n)); err != nil {
			t.Fatal(err)
		}
	}); got > limit+5 { // 5 of them in credentials
		t.Errorf("%v allocations, want at most %v and the 5 of the test", got, limit)
	}
	n = 0
	values := []string{"a", "b"}
	if got := testing.AllocsPerRun(20, func() {
		n++
		if err := f.Edit(ctx, "profile-100", export.Set("region", values[n%2])); err != nil {
			t.Fatal(err)
		}
	}); got > limit+1 {
		t.Errorf("%v allocations for one key, want at most %v", got, limit+1)
	}
}

func BenchmarkEdit(b *testing.B) {
	path := filepath.Join(b.TempDir(), "credentials")
	f, err := export.NewCredentialsFile(path, nil)
	if err != nil {
		b.Fatal(err)
	}
	for i := range 200 {
		if err := f.WriteCredentials(b.Context(), "profile-"+strconv.Itoa(i), credentials(i)); err != nil {
			b.Fatal(err)
		}
	}
	ctx, n, values := b.Context(), 0, []string{"a", "b"}
	b.ReportAllocs()
	for b.Loop() {
		n++
		if err := f.Edit(ctx, "profile-100", export.Set("region", values[n%2])); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkRewrite(b *testing.B) {
	text := profiles(200)
	b.ReportAllocs()
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		if _, ok := export.Rewrite(false, text, "profile-100", export.Set("region", "x")); !ok {
			b.Fatal("refused")
		}
	}
}
