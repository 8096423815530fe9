package export_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/onafed/onafed/awsfed/export"
	"github.com/onafed/onafed/idp"
)

// childEdit writes the credentials n to profile n of the file three times.
func childEdit(args []string) error {
	n, err := strconv.Atoi(args[1])
	if err != nil {
		return err
	}
	f, err := export.NewCredentialsFile(args[0], &export.FileOptions{LockTimeout: time.Minute})
	if err != nil {
		return err
	}
	for range 3 {
		if err := f.WriteCredentials(context.Background(), "profile-"+args[1], credentials(n)); err != nil {
			return err
		}
	}
	return nil
}

// childChurn writes new credentials to the same profile again and again until it is killed.
func childChurn(args []string) error {
	f, err := export.NewCredentialsFile(args[0], nil)
	if err != nil {
		return err
	}
	fmt.Println("ready")
	for n := 0; ; n++ {
		if err := f.WriteCredentials(context.Background(), "churn", credentials(n)); err != nil {
			return err
		}
	}
}

// childLogin writes the credentials 1 to the file.
func childLogin(args []string) error {
	setUmask(os.Getenv("UMASK"))
	f, err := export.NewCredentialsFile(args[0], &export.FileOptions{TrustedOwner: os.Getenv("TRUSTED_OWNER")})
	if err != nil {
		return err
	}
	if err := f.WriteCredentials(context.Background(), "p", credentials(1)); err != nil {
		return err
	}
	if _, err := f.SharedFolders(); err != nil {
		return fmt.Errorf("SharedFolders refuses what an edit accepts: %w", err)
	}
	return nil
}

// childSecret writes a secret to the file.
func childSecret(args []string) error {
	return export.WriteSecret(context.Background(), args[0], "secret", &export.SecretOptions{TrustedOwner: os.Getenv("TRUSTED_OWNER")})
}

// childUnnamed writes a file that has no name yet, and waits until it is killed.
func childUnnamed(args []string) error {
	at, err := export.OpenTarget(args[0])
	if err != nil {
		return err
	}
	return at.WriteUnnamed(func() {
		fmt.Println("ready")
		time.Sleep(time.Hour)
	})
}

// childToken writes a token to the file, for the group.
func childToken(args []string) error {
	token, err := newIDToken(1, time.Hour)
	if err != nil {
		return err
	}
	f, err := export.NewTokenFile(args[0], idp.Static(token), &export.TokenFileOptions{Group: args[1]})
	if err != nil {
		return err
	}
	_, err = f.Write(context.Background())
	return err
}

// childHold takes the file's lock and keeps it until it is killed.
func childHold(args []string) error {
	f, err := export.NewCredentialsFile(args[0], nil)
	if err != nil {
		return err
	}
	if _, err := f.HoldLock(context.Background()); err != nil {
		return err
	}
	fmt.Println("ready")
	time.Sleep(time.Hour) // not select {}: without cgo the runtime ends such a process
	return nil
}

// start starts the child and waits until it prints "ready".
func start(t *testing.T, name string, args ...string) (kill func()) {
	t.Helper()
	cmd := child(context.WithoutCancel(t.Context()), t, name, args...)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	kill = sync.OnceFunc(func() {
		_ = cmd.Process.Kill() // SIGKILL: the child cannot clean up
		_ = cmd.Wait()
	})
	t.Cleanup(kill)
	if _, err := out.Read(make([]byte, 16)); err != nil {
		t.Fatalf("child %s: %v", name, err)
	}
	return kill
}

// Fifty processes that write at once keep each other's profiles and the old text.
func TestProcessesLoseNothing(t *testing.T) {
	t.Parallel()
	const writers = 50
	path := filepath.Join(t.TempDir(), "credentials")
	const before = "# mine\n[keep]\naws_access_key_id = AKIAKEEP\naws_secret_access_key = keep\n"
	if err := os.WriteFile(path, []byte(before), 0o600); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for n := range writers {
		wg.Go(func() {
			if out, err := child(t.Context(), t, "edit", path, strconv.Itoa(n)).CombinedOutput(); err != nil {
				t.Errorf("writer %d: %v: %s", n, err, out)
			}
		})
	}
	wg.Wait()
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.HasPrefix(got, []byte(before)) {
		t.Errorf("the old text is lost:\n%s", got[:min(len(got), 300)])
	}
	for n := range writers {
		seen, line, reason := export.Scan(false, string(got), fmt.Sprintf("profile-%d", n))
		if line != 0 || !seen.Found || seen.Values["aws_session_token"] != credentials(n).SessionToken {
			t.Errorf("profile-%d: found %v, line %d %s", n, seen.Found, line, reason)
		}
	}
	if left, _ := filepath.Glob(filepath.Join(filepath.Dir(path), ".*tmp*")); len(left) > 0 {
		t.Errorf("temporary files are left: %q", left)
	}
}

// A writer that is killed at any moment leaves the old file or the new one, no lock, and no
// temporary file after the next edit.
func TestKilledWriterLeavesOldOrNew(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "credentials")
	filler := strings.Repeat("# a comment that makes the file larger\n", 2000)
	if err := os.WriteFile(path, []byte(filler+"[keep]\nregion = x\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := export.NewCredentialsFile(path, &export.FileOptions{LockTimeout: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	_, temp := f.Siblings()
	orphans := 0
	for round := range 25 {
		kill := start(t, "churn", path)
		select { // during the first writes
		case <-time.After(time.Duration(round) * 300 * time.Microsecond):
		case <-t.Context().Done():
		}
		kill()
		got, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		seen, line, reason := export.Scan(false, string(got), "churn")
		if line != 0 || !strings.HasPrefix(string(got), filler+"[keep]\nregion = x\n") {
			t.Fatalf("round %d: the file is broken, line %d: %s", round, line, reason)
		}
		if seen.Found {
			id, token := seen.Values["aws_access_key_id"], seen.Values["aws_session_token"]
			n, err := strconv.Atoi(strings.TrimPrefix(id, "ASIATESTONAFED"))
			if err != nil || token != credentials(n).SessionToken {
				t.Fatalf("round %d: keys of two writes are mixed: %q %q", round, id, token)
			}
		}
		if _, err := os.Lstat(temp); err == nil {
			orphans++
		}
		// No lock is left: the next edit succeeds and removes the temporary file.
		if err := f.Edit(t.Context(), "after", export.Set("region", strconv.Itoa(round))); err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
		if _, err := os.Lstat(temp); !errors.Is(err, os.ErrNotExist) {
			t.Fatalf("round %d: the temporary file is left", round)
		}
	}
	t.Logf("%d of 25 kills left a temporary file", orphans)
}

// An edit stops waiting for the lock of another process at its timeout, with an error that says so.
// The lock ends with its holder.
func TestLockTimeout(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "credentials")
	kill := start(t, "hold", path)
	f, err := export.NewCredentialsFile(path, &export.FileOptions{LockTimeout: 20 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	edit := func(ctx context.Context) error {
		return f.Edit(ctx, "p", export.Set("region", "x"))
	}
	err = edit(t.Context())
	if lock, _ := f.Siblings(); !errors.Is(err, export.ErrLocked) || !strings.Contains(err.Error(), lock) {
		t.Errorf("with the lock held: %v, want ErrLocked that names %s", err, lock)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := edit(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("with a context that has ended: %v", err)
	}
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the file was created without the lock")
	}
	kill()
	if err := edit(t.Context()); err != nil {
		t.Errorf("after the holder was killed: %v", err)
	}
}

// Each goroutine of one File waits for the others with its own context.
func TestGoroutinesQueueForTheLock(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "credentials")
	kill := start(t, "hold", path)
	f, err := export.NewCredentialsFile(path, &export.FileOptions{LockTimeout: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	edit := func(ctx context.Context) error {
		return f.Edit(ctx, "p", export.Set("region", "x"))
	}
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			if err := edit(t.Context()); err != nil {
				t.Errorf("a goroutine that waited: %v", err)
			}
		})
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if err := edit(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a goroutine with a deadline: %v, want the error of its own context", err)
	}
	kill()
	wg.Wait()
}
