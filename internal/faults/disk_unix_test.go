//go:build unix

package faults_test

import (
	"encoding/json"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// testDisk breaks folders, in processes of their own, because it takes a limit, a user or a file system that the tests around it must
// not have.
func testDisk(t *testing.T, r *report) {
	t.Helper()
	r.add(fullRow, "no space left: a small tmpfs, or, where none can be mounted, RLIMIT_FSIZE")
	r.add(readOnlyRow, "no right to write (as an ordinary user), and a file system mounted read-only where one can be mounted")
	for _, role := range []string{"small disk", "limited disk", "no right"} {
		t.Run(role, func(t *testing.T) {
			//nolint:usetesting // an ordinary user may not look into t.TempDir
			dir, err := os.MkdirTemp("", "onafed-faults-")
			if err != nil {
				t.Fatal(err)
			}
			defer os.RemoveAll(dir)
			cmd := command(t.Context(), t, role, dir, "")
			if role == "small disk" && !ownMounts(cmd) {
				t.Skip("this system has no mount namespaces")
			}
			out, err := cmd.Output()
			text := string(out)
			if role == "small disk" && (cmd.ProcessState == nil || strings.Contains(text, cannotMount)) {
				t.Skipf("nothing can be mounted here: %v", err)
			}
			seen := 0
			for line := range strings.Lines(text) {
				var o outcome
				if data, ok := strings.CutPrefix(line, "child: "); ok && json.Unmarshal([]byte(data), &o) == nil {
					r.cells = append(r.cells, o)
					seen++
				}
			}
			if err != nil || seen == 0 {
				t.Errorf("%v, %d cells:\n%s", err, seen, text)
			}
		})
	}
}

const cannotMount = "cannot mount"

// diskRole is what a child does.
func diskRole(role string) func(*testing.T, string, string) {
	return map[string]func(*testing.T, string, string){"small disk": smallDisk, "limited disk": limitedDisk, "no right": noRight}[role]
}

// eachFileColumn runs the components under a breakage of their folders, and tells the parent what came of it.
func eachFileColumn(t *testing.T, row, how string, dir func(name string) (string, breakage)) {
	t.Helper()
	r := new(report)
	for column, play := range fileColumns() {
		folder, b := dir(strings.ReplaceAll(column, " ", "-"))
		r.cell(t, column, row, folder, func(c *cell) {
			before := descriptors()
			play(c, b)
			if after := descriptors(); after > before {
				c.Errorf("%d file descriptors, %d before", after, before)
			}
			c.note("%s", how)
		})
	}
	for _, o := range r.cells {
		data, err := json.Marshal(o)
		if err != nil {
			t.Fatal(err)
		}
		say(string(data))
	}
}

func mkdir(t *testing.T, elem ...string) string {
	t.Helper()
	dir := filepath.Join(elem...)
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	return dir
}

// smallDisk has a file system of its own, which is filled, and then one that is mounted read-only.
func smallDisk(t *testing.T, dir, _ string) {
	t.Helper()
	if err := mountMemory(dir, 256<<10); err != nil {
		say(cannotMount + ": " + err.Error())
		t.Skip(err)
	}
	filler := filepath.Join(dir, "filler")
	full := breakage{
		on: func() error {
			f, err := os.Create(filler)
			if err != nil {
				return err
			}
			defer f.Close()
			for size := 4096; size > 0; { // whole pages, then what fits
				if _, err := f.Write(make([]byte, size)); err != nil {
					size /= 2
				}
			}
			return nil
		},
		off: func() error { return os.Remove(filler) },
	}
	eachFileColumn(t, fullRow, "tmpfs of 256 KiB, full", func(name string) (string, breakage) { return mkdir(t, dir, name), full })
	readOnly := breakage{
		on:  func() error { return remount(dir, true) },
		off: func() error { return remount(dir, false) },
	}
	eachFileColumn(t, readOnlyRow, "file system mounted read-only", func(name string) (string, breakage) { return mkdir(t, dir, name+"-2"), readOnly })
}

// limitedDisk may not write files beyond a size: the write comes back short and with an error, as on a full disk.
func limitedDisk(t *testing.T, dir, _ string) {
	t.Helper()
	signal.Ignore(syscall.SIGXFSZ)
	var old syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &old); err != nil {
		t.Fatal(err)
	}
	limit := func(bytes uint64) func() error {
		return func() error {
			now := old
			now.Cur = min(bytes, old.Cur)
			return syscall.Setrlimit(syscall.RLIMIT_FSIZE, &now)
		}
	}
	limited := breakage{on: limit(100), off: limit(old.Cur)}
	eachFileColumn(t, fullRow, "RLIMIT_FSIZE of 100 bytes", func(name string) (string, breakage) { return mkdir(t, dir, name), limited })
}

// noRight takes the right to write to the folder away, as somebody whom that binds.
func noRight(t *testing.T, dir, _ string) {
	t.Helper()
	if os.Geteuid() == 0 {
		const nobody = 65534
		if err := os.Chown(dir, nobody, nobody); err != nil {
			t.Fatal(err)
		}
		err := syscall.Setgroups(nil)
		for _, set := range []func(int) error{syscall.Setgid, syscall.Setuid} {
			if err == nil {
				err = set(nobody)
			}
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	eachFileColumn(t, readOnlyRow, "mode 0500", func(name string) (string, breakage) {
		folder := mkdir(t, dir, name)
		chmod := func(mode os.FileMode) func() error {
			return func() error { return os.Chmod(folder, mode) }
		}
		return folder, breakage{on: chmod(0o500), off: chmod(0o700)}
	})
}
