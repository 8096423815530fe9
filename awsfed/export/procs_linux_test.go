package export_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
)

// asUser returns the command that runs the test binary as another user. It needs root.
func asUser(t *testing.T, uid int, name string, args ...string) *exec.Cmd {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("only root can run as another user")
	}
	cmd := child(t.Context(), t, name, args...)
	cmd.Path = "/proc/self/exe" // the binary may be in a folder that only root can read
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(uid)}}
	return cmd
}

// open returns a temporary folder that all users can reach.
func open(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for _, d := range []string{dir, filepath.Dir(dir)} {
		if err := os.Chmod(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func folder(t *testing.T, path string, uid int, mode os.FileMode) string {
	t.Helper()
	if err := os.Mkdir(path, mode); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
	if err := os.Lchown(path, uid, uid); err != nil {
		t.Skipf("only root can change the owner of a folder: %v", err)
	}
	return path
}

// A mounted volume is the user's own folder below a folder of root. A link to it is followed only
// if no other user can write on the way.
func TestLinkThroughAFolderOfRoot(t *testing.T) {
	t.Parallel()
	const uid = 12345
	for _, tt := range []struct {
		rule  string
		owner int
		mode  os.FileMode
		ok    bool
	}{
		{"root's", 0, 0o755, true},
		{"root's, and others may write", 0, 0o777, false},
		{"another user's", 12346, 0o755, false},
	} {
		dir := open(t)
		home := folder(t, filepath.Join(dir, "home"), uid, 0o700)
		mount := folder(t, filepath.Join(folder(t, filepath.Join(dir, "mnt"), tt.owner, tt.mode), "volume"), uid, 0o700)
		link := filepath.Join(home, ".aws")
		if err := os.Symlink(mount, link); err != nil {
			t.Fatal(err)
		}
		if err := os.Lchown(link, uid, uid); err != nil {
			t.Fatal(err)
		}
		out, err := asUser(t, uid, "login", filepath.Join(link, "credentials")).CombinedOutput()
		if (err == nil) != tt.ok {
			t.Errorf("%s: %v: %s", tt.rule, err, out)
		}
	}
}

// A folder that its owner may write to and not read cannot be flushed. The file is replaced without
// error.
func TestFolderThatCannotBeFlushed(t *testing.T) {
	t.Parallel()
	const uid = 12345
	path := filepath.Join(folder(t, filepath.Join(open(t), "drop"), uid, 0o300), "credentials")
	if out, err := asUser(t, uid, "login", path).CombinedOutput(); err != nil {
		t.Errorf("%v: %s", err, out)
	}
	if read(t, path) == "" {
		t.Error("nothing was written")
	}
}
