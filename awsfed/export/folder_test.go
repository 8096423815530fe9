package export_test

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/onafed/onafed/awsfed/export"
)

// editRegion makes an edit of the file at path.
func editRegion(t *testing.T, path string) error {
	t.Helper()
	f, err := export.NewCredentialsFile(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	return f.Edit(t.Context(), "p", export.Set("region", "x"))
}

// linkedFile returns the link home/credentials and its target dotfiles/aws.
func linkedFile(t *testing.T) (link, file string) {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("on Windows links need a privilege")
	}
	dir := t.TempDir()
	for _, d := range []string{"home", "dotfiles"} {
		if err := os.Mkdir(filepath.Join(dir, d), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	link, file = filepath.Join(dir, "home", "credentials"), filepath.Join(dir, "dotfiles", "aws")
	write(t, file, "[q]\n", 0o600)
	if err := os.Symlink("../dotfiles/aws", link); err != nil {
		t.Fatal(err)
	}
	return link, file
}

func TestOwnLinkIsFollowed(t *testing.T) {
	t.Parallel()
	link, file := linkedFile(t)
	if err := editRegion(t, link); err != nil {
		t.Fatal(err)
	}
	if to, err := os.Readlink(link); err != nil || to != "../dotfiles/aws" {
		t.Errorf("the link was replaced: %q, %v", to, err)
	}
	if got := read(t, file); got != "[q]\n\n[p]\nregion = x\n" {
		t.Errorf("target: %q", got)
	}
	// The target need not exist.
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	if err := editRegion(t, link); err != nil || read(t, file) != "[p]\nregion = x\n" {
		t.Errorf("link to a missing file: %v", err)
	}
}

func TestLinkIsRefusedWhereOthersCanWrite(t *testing.T) {
	t.Parallel()
	for _, dir := range []string{"home", "dotfiles"} {
		link, file := linkedFile(t)
		if err := os.Chmod(filepath.Join(filepath.Dir(filepath.Dir(link)), dir), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := editRegion(t, link); err == nil || read(t, file) != "[q]\n" {
			t.Errorf("%s is writable, and the link was followed: %v", dir, err)
		}
	}
}

func TestLinkOfAnotherUserIsRefused(t *testing.T) {
	t.Parallel()
	link, file := linkedFile(t)
	if err := os.Lchown(link, 12345, -1); err != nil {
		t.Skip("only root can change an owner")
	}
	if err := editRegion(t, link); err == nil || read(t, file) != "[q]\n" {
		t.Errorf("the link was followed: %v", err)
	}
}

func TestLinkToItselfIsRefused(t *testing.T) {
	t.Parallel()
	link, _ := linkedFile(t)
	loop := filepath.Join(filepath.Dir(link), "a")
	if err := os.Symlink(loop, loop); err != nil {
		t.Fatal(err)
	}
	if err := editRegion(t, loop); err == nil {
		t.Error("no error")
	}
}

// A folder may be a link too, under the same rules.
func TestFolderThatIsALink(t *testing.T) {
	t.Parallel()
	link, file := linkedFile(t)
	folder := filepath.Join(filepath.Dir(link), ".aws")
	if err := os.Symlink(filepath.Dir(file), folder); err != nil {
		t.Fatal(err)
	}
	if err := editRegion(t, filepath.Join(folder, "aws")); err != nil {
		t.Errorf("to an own folder: %v", err)
	}
	if err := os.Chmod(filepath.Dir(file), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := editRegion(t, filepath.Join(folder, "aws")); err == nil {
		t.Error("a link to a folder where all users can write was followed")
	}
}

func TestModes(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no modes")
	}
	home := t.TempDir()
	path := filepath.Join(home, "home", ".aws", "credentials")
	f, err := export.NewCredentialsFile(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	mode := func(p string) os.FileMode {
		info, err := os.Stat(p)
		if err != nil {
			t.Fatal(err)
		}
		return info.Mode().Perm()
	}
	edit := func(value string) {
		t.Helper()
		if err := f.Edit(t.Context(), "p", export.Set("region", value)); err != nil {
			t.Fatal(err)
		}
	}
	edit("a")
	if mode(path) != 0o600 || mode(filepath.Dir(path)) != 0o700 {
		t.Errorf("new: file %v, folder %v", mode(path), mode(filepath.Dir(path)))
	}
	for _, value := range []string{"a", "b"} { // the first edit changes nothing, the second does
		if err := os.Chmod(path, 0o644); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(filepath.Dir(path), 0o775); err != nil {
			t.Fatal(err)
		}
		edit(value)
		if mode(path) != 0o600 || mode(filepath.Dir(path)) != 0o700 {
			t.Errorf("with loose modes: file %v, folder %v", mode(path), mode(filepath.Dir(path)))
		}
	}
	// The user chose a folder with another name.
	f = credentialsFile(t, "", nil)
	if err := os.Chmod(filepath.Dir(f.Path()), 0o755); err != nil {
		t.Fatal(err)
	}
	edit("a")
	if got := mode(filepath.Dir(f.Path())); got != 0o755 {
		t.Errorf("the mode of a folder not named .aws became %v", got)
	}
}

// Missing folders below a link are made, and a folder that is a link to itself is refused.
func TestFoldersBelowALink(t *testing.T) {
	t.Parallel()
	link, file := linkedFile(t)
	folder := filepath.Join(filepath.Dir(link), "folder")
	if err := os.Symlink(filepath.Dir(file), folder); err != nil {
		t.Fatal(err)
	}
	if err := editRegion(t, filepath.Join(folder, "new", "credentials")); err != nil {
		t.Errorf("a new folder below a link: %v", err)
	}
	if got := read(t, filepath.Join(filepath.Dir(file), "new", "credentials")); got != "[p]\nregion = x\n" {
		t.Errorf("the file in the new folder is %q", got)
	}
	loop := filepath.Join(filepath.Dir(link), "loop")
	if err := os.Symlink("loop", loop); err != nil {
		t.Fatal(err)
	}
	if err := editRegion(t, filepath.Join(loop, "credentials")); err == nil || !strings.Contains(err.Error(), "too many symbolic links") {
		t.Errorf("a folder that is a link to itself: %v", err)
	}
}
