package export_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/onafed/onafed/awsfed/export"
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

// A way is a path of folders and links below a temporary folder, and whether a user may write a
// file at its end. The user has the number 12345. A step without an owner belongs to root.
type way struct {
	rule  string
	steps []wayStep
	ok    bool
}

// A wayStep is a folder, or a link if it leads to something.
type wayStep struct {
	path  string
	owner int
	mode  os.FileMode
	to    string
}

const (
	wayUser  = 12345
	stranger = 12346
)

// file is the file to write on each way.
const wayFile = "home/user/.aws/credentials"

func ways() []way {
	const user = wayUser
	homes := func(owner int, mode os.FileMode) []wayStep {
		return []wayStep{{"home", 0, 0o755, ""}, {"home/user", owner, mode, ""}}
	}
	aws := wayStep{"home/user/.aws", user, 0o700, ""}
	linkedHome := func(owner int, mode os.FileMode) []wayStep {
		return []wayStep{{"data", 0, mode, ""}, {"data/user", user, 0o755, ""}, {"home", owner, 0, "data"}, {"data/user/.aws", user, 0o700, ""}}
	}
	sticky := 0o777 | os.ModeSticky
	return []way{
		{"a usual home", append(homes(user, 0o755), aws), true},
		{"the folder is made", homes(user, 0o700), true},
		{"umask 002", append(homes(user, 0o775), wayStep{"home/user/.aws", user, 0o775, ""}), true},
		{"parents that can be entered and not read", append([]wayStep{{"home", 0, 0o711, ""}}, homes(user, 0o711)[1], aws), true},
		{"a home of root", append(homes(0, 0o755), aws), true},
		{"a home of root, in which everybody can write", append(homes(0, 0o777), aws), true},
		{"the same, and the folder is root's", append(homes(0, 0o777), wayStep{"home/user/.aws", 0, 0o777, ""}), false},
		{"a home of root with the sticky bit", append(homes(0, sticky), aws), true},
		{"a folder is made in a home with the sticky bit", homes(0, sticky), true},
		{"a home of another user", append(homes(stranger, 0o755), aws), false},
		{"a home of another user, in which everybody can write", append(homes(stranger, 0o777), aws), false},
		{"a folder of another user", append(homes(user, 0o755), wayStep{"home/user/.aws", stranger, 0o777, ""}), false},
		{"root links /home", linkedHome(0, 0o755), true},
		{"another user links /home", linkedHome(stranger, 0o755), false},
		{"/home leads to a folder where everybody can write", linkedHome(0, 0o777), true},
		{"another user's link in a home with the sticky bit", []wayStep{{"home", 0, 0o755, ""}, {"home/user", 0, sticky, ""}, {"own", user, 0o700, ""}, {"home/user/.aws", stranger, 0, "../../own"}}, false},
		{"an own link in a home with the sticky bit", []wayStep{{"home", 0, 0o755, ""}, {"home/user", 0, sticky, ""}, {"own", user, 0o700, ""}, {"home/user/.aws", user, 0, "../../own"}}, true},
		{"an own link in a home where everybody can write", []wayStep{{"home", 0, 0o755, ""}, {"home/user", 0, 0o777, ""}, {"own", user, 0o700, ""}, {"home/user/.aws", user, 0, "../../own"}}, false},
		{"an own link in a home of root's group", []wayStep{{"home", 0, 0o755, ""}, {"home/user", 0, 0o775, ""}, {"own", user, 0o700, ""}, {"home/user/.aws", user, 0, "../../own"}}, true},
		{"an own link to a folder of another user", append(homes(user, 0o755), wayStep{"own", stranger, 0o777, ""}, wayStep{"home/user/.aws", user, 0, "../../own"}), false},
		{"an own link to a folder where its group can write", append(homes(user, 0o755), wayStep{"own", user, 0o775, ""}, wayStep{"home/user/.aws", user, 0, "../../own"}), false},
		{"an own link to what does not exist", append(homes(user, 0o755), wayStep{"home/user/.aws", user, 0, "none"}), false},
		{"an own link to itself", append(homes(user, 0o755), wayStep{"home/user/.aws", user, 0, ".aws"}), false},
		{"an absolute link", append(homes(user, 0o755), wayStep{"own", user, 0o700, ""}, wayStep{"home/user/.aws", user, 0, "/own"}), true},
		{"a way through many folders", []wayStep{{"home", 0, 0, "a/../b/./c/"}, {"a", 0, 0o755, ""}, {"b", 0, 0o755, ""}, {"b/c", 0, 0, "../d/e"}, {"d", 0, 0o755, ""}, {"d/e", 0, 0o755, ""}, {"d/e/user", user, 0o755, ""}}, true},
	}
}

// make makes the way in a folder.
func (w way) make(t *testing.T, dir string) {
	t.Helper()
	for _, s := range w.steps {
		path := filepath.Join(dir, s.path)
		if s.to == "" {
			folder(t, path, s.owner, s.mode)
			continue
		}
		to := s.to
		if filepath.IsAbs(to) {
			to = filepath.Join(dir, to)
		}
		if err := os.Symlink(to, path); err != nil {
			t.Fatal(err)
		}
		if err := os.Lchown(path, s.owner, s.owner); err != nil {
			t.Skipf("only root can change the owner of a link: %v", err)
		}
	}
}

// All writers of secrets accept the same paths.
func TestWaysToAFile(t *testing.T) {
	t.Parallel()
	for _, w := range ways() {
		t.Run(w.rule, func(t *testing.T) {
			t.Parallel()
			for _, writer := range []string{"login", "secret"} {
				dir := open(t)
				w.make(t, dir)
				out, err := asUser(t, wayUser, writer, filepath.Join(dir, wayFile)).CombinedOutput()
				if (err == nil) != w.ok {
					t.Errorf("%s: %v: %s", writer, err, out)
				}
				checkNothingIsLeft(t, dir, w.ok)
			}
		})
	}
}

// checkNothingIsLeft fails the test if a refused writer left a file, or an accepted one did not
// write its own.
func checkNothingIsLeft(t *testing.T, dir string, ok bool) {
	t.Helper()
	var files []string
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			files = append(files, filepath.Base(path))
		}
		return err
	})
	if err != nil || (len(files) > 0) != ok {
		t.Errorf("the writer left %q, %v", files, err)
	}
}

// The sidecar of the Kubernetes recipe keeps a token in a folder that it makes in an emptyDir. The
// kubelet gives the volume to root, the group of fsGroup and everybody.
func TestTokenInAnEmptyDir(t *testing.T) {
	t.Parallel()
	for _, mode := range []os.FileMode{0o777, 0o777 | os.ModeSetgid} {
		volume := folder(t, filepath.Join(open(t), "tokens"), 0, 0o777)
		if err := os.Chown(volume, 0, 2000); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(volume, mode); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(volume, "aws", "token")
		for range 2 {
			if out, err := asUser(t, wayUser, "token", path, strconv.Itoa(wayUser)).CombinedOutput(); err != nil {
				t.Errorf("%v: %v: %s", mode, err, out)
			}
		}
		checkMode(t, path, 0o640)
		if out, err := asUser(t, wayUser, "token", filepath.Join(volume, "token"), "").CombinedOutput(); err == nil {
			t.Errorf("%v: a token was written to the volume itself: %s", mode, out)
		}
		roots := folder(t, filepath.Join(open(t), "root"), 0, 0o755)
		if out, err := asUser(t, wayUser, "token", filepath.Join(roots, "token"), "").CombinedOutput(); err == nil || !strings.Contains(string(out), "belongs to another user") {
			t.Errorf("%v: %v: %s, want a refusal of root's folder", mode, err, out)
		}
	}
}

// A server of NFS that does not trust root, and a user namespace, show files as nobody's.
func TestTrustedOwner(t *testing.T) {
	t.Parallel()
	w := way{"", []wayStep{{"home", stranger, 0o755, ""}, {"home/user", stranger, 0o777, ""}, {"home/user/.aws", wayUser, 0o700, ""}}, true}
	for _, writer := range []string{"login", "secret"} {
		for _, owner := range []string{"", strconv.Itoa(stranger), "4242"} {
			dir := open(t)
			w.make(t, dir)
			cmd := asUser(t, wayUser, writer, filepath.Join(dir, wayFile))
			cmd.Env = append(cmd.Env, "TRUSTED_OWNER="+owner)
			if out, err := cmd.CombinedOutput(); (err == nil) != (owner == strconv.Itoa(stranger)) {
				t.Errorf("%s, trusted owner %q: %v: %s", writer, owner, err, out)
			}
		}
	}
}

// The modes of new files, folders and locks do not depend on the umask.
func TestModesDoNotDependOnTheUmask(t *testing.T) {
	t.Parallel()
	for _, umask := range []string{"0", "002", "022", "077", "0777"} {
		path := filepath.Join(folder(t, filepath.Join(open(t), "home"), wayUser, 0o755), "new", ".aws", "credentials")
		for range 2 {
			cmd := asUser(t, wayUser, "login", path)
			cmd.Env = append(cmd.Env, "UMASK="+umask)
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("umask %s: %v: %s", umask, err, out)
			}
		}
		checkMode(t, path, 0o600)
		checkMode(t, filepath.Dir(path), 0o700)
		checkMode(t, filepath.Dir(filepath.Dir(path)), 0o700)
		checkMode(t, filepath.Join(filepath.Dir(path), ".credentials.onafed.lock"), 0o600)
	}
}

// A writer that is killed before the new file is complete leaves nothing behind.
func TestKilledWriterLeavesNoFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	kill := start(t, "unnamed", filepath.Join(dir, "credentials"))
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("while it writes: %v, %v", left, err)
	}
	kill()
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("after it was killed: %v, %v", left, err)
	}
}

// SharedFolders returns the folders in the path of a file that other users can change, and creates
// no folder.
func TestSharedFolders(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		rule  string
		modes [3]os.FileMode // of home, home/user, home/user/.aws; 0 if missing
		want  []int          // the folders, negative if everybody can write
	}{
		{"private", [3]os.FileMode{0o755, 0o755, 0o700}, nil},
		{"umask 002", [3]os.FileMode{0o755, 0o775, 0o775}, []int{1, 2}},
		{"everybody", [3]os.FileMode{0o777, 0o755, 0o700}, []int{-1}},
		{"sticky", [3]os.FileMode{0o777 | os.ModeSticky, 0o755, 0o700}, nil},
		{"missing", [3]os.FileMode{0o775, 0, 0}, []int{0}},
	} {
		dir := open(t)
		path, paths := dir, []string{}
		for i, name := range []string{"home", "user", ".aws"} {
			path = filepath.Join(path, name)
			if paths = append(paths, path); tt.modes[i] != 0 {
				folder(t, path, os.Geteuid(), tt.modes[i])
			}
		}
		f, err := export.NewCredentialsFile(filepath.Join(path, "credentials"), nil)
		if err != nil {
			t.Fatal(err)
		}
		var want []export.SharedFolder
		for _, i := range tt.want {
			want = append(want, export.SharedFolder{Path: paths[max(i, -i-1)], Everybody: i < 0})
		}
		got, err := f.SharedFolders()
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("%s: %v (-want +got):\n%s", tt.rule, err, diff)
		}
		if _, err := os.Lstat(path); (err == nil) != (tt.modes[2] != 0) {
			t.Errorf("%s: a folder was made", tt.rule)
		}
	}
	foreign := folder(t, filepath.Join(open(t), "x"), stranger, 0o755)
	f, err := export.NewCredentialsFile(filepath.Join(foreign, "credentials"), nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.SharedFolders(); err == nil {
		t.Error("no error for a folder that an edit refuses")
	}
}

// A folder must be readable, because files are replaced through the opened folder. A refused one
// stays as it is.
func TestFolderThatCannotBeOpened(t *testing.T) {
	t.Parallel()
	dir := folder(t, filepath.Join(open(t), "drop"), wayUser, 0o300)
	out, err := asUser(t, wayUser, "login", filepath.Join(dir, "credentials")).CombinedOutput()
	if err == nil || !strings.Contains(string(out), "make it readable") {
		t.Errorf("%v: %s, want a refusal with a next step", err, out)
	}
	checkNothingIsLeft(t, dir, false)
}
