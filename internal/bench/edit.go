package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/gofrs/flock"
	"github.com/onafed/onafed/awsfed/export"
	"gopkg.in/ini.v1"
)

// profiles returns a credentials file with 200 profiles.
func profiles() string {
	var b strings.Builder
	for i := range 200 {
		fmt.Fprintf(&b, "# profile %d\n[profile-%d]\naws_access_key_id     = ASIATESTONAFED%06d\naws_secret_access_key = %040d\naws_session_token     = %0400d\nregion = eu-west-1\n\n", i, i, i, i, i)
	}
	return b.String()
}

// editSides returns both ways to write credentials to one of the profiles, each with its own file in
// dir.
func editSides(ctx context.Context, dir string) (ours, peer func(), err error) {
	path := func(name string) (string, error) {
		p := filepath.Join(dir, name, "credentials")
		if err := os.MkdirAll(filepath.Dir(p), 0o700); err != nil {
			return "", err
		}
		return p, os.WriteFile(p, []byte(profiles()), 0o600)
	}
	oursPath, err := path("ours")
	if err != nil {
		return nil, nil, err
	}
	peerPath, err := path("ini")
	if err != nil {
		return nil, nil, err
	}
	f, err := export.NewCredentialsFile(oursPath, nil)
	if err != nil {
		return nil, nil, err
	}
	// The credentials alternate, so that each edit changes the file.
	var creds [2]aws.Credentials
	for i := range creds {
		creds[i] = aws.Credentials{
			AccessKeyID: fmt.Sprintf("ASIATESTONAFEDEDIT%02d", i), SecretAccessKey: strings.Repeat("s", 40), SessionToken: strings.Repeat("t", 400),
			CanExpire: true, Expires: time.Now().Add(time.Hour),
		}
	}
	i, j := 0, 0
	return func() {
			i++
			check(f.WriteCredentials(ctx, "profile-100", creds[i%2]))
		}, func() {
			j++
			check(editWithINI(peerPath, "profile-100", creds[j%2]))
		}, nil
}

// editWithINI makes the same edit with gopkg.in/ini.v1, equally safe: a lock, a read under it, a
// temporary file that is flushed and renamed, and a flush of the folder.
func editWithINI(path, profile string, c aws.Credentials) (err error) {
	lock := flock.New(path + ".lock")
	if err := lock.Lock(); err != nil {
		return err
	}
	defer func() { _ = lock.Unlock() }()
	file, err := ini.Load(path)
	if err != nil {
		return err
	}
	s := file.Section(profile)
	s.Key("aws_access_key_id").SetValue(c.AccessKeyID)
	s.Key("aws_secret_access_key").SetValue(c.SecretAccessKey)
	s.Key("aws_session_token").SetValue(c.SessionToken)
	s.Key("x_security_token_expires").SetValue(c.Expires.UTC().Format(time.RFC3339))
	return replace(path, file)
}

// replace writes a temporary file next to path, flushes it, renames it to path, and flushes the folder.
func replace(path string, content io.WriterTo) error {
	temp, err := os.OpenFile(path+".tmp", os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	if _, err := content.WriteTo(temp); err != nil {
		return err
	}
	if err := temp.Sync(); err != nil {
		return err
	}
	if err := temp.Close(); err != nil {
		return err
	}
	if err := os.Rename(path+".tmp", path); err != nil {
		return err
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	defer dir.Close()
	return dir.Sync()
}

// foreignChanges returns the number of changed lines outside the edited profile.
func foreignChanges(path string) (int, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return 0, err
	}
	outside := func(text string) []string {
		var lines []string
		in := false
		for l := range strings.Lines(text) {
			if strings.HasPrefix(l, "[") || strings.HasPrefix(l, "#") {
				in = strings.HasPrefix(l, "[profile-100]")
			}
			if !in {
				lines = append(lines, l)
			}
		}
		return lines
	}
	was, is := outside(profiles()), outside(string(data))
	changed := max(len(was), len(is)) - min(len(was), len(is))
	for i := range min(len(was), len(is)) {
		if was[i] != is[i] {
			changed++
		}
	}
	return changed, nil
}

// memory is a folder in memory on Linux, where a flush costs nothing.
const memory = "/dev/shm"

// measureEdit edits on a disk, where both sides wait for the same flushes, and in memory, where only
// the work of the libraries remains.
func measureEdit(ctx context.Context, b *bench) error {
	if err := measureEditIn(ctx, b, wallTime, "", "edit one of 200 profiles safely, on disk"); err != nil {
		return err
	}
	if info, err := os.Stat(memory); err == nil && info.IsDir() {
		return measureEditIn(ctx, b, processorTime, memory, "edit one of 200 profiles safely, in memory")
	}
	return nil
}

func measureEditIn(ctx context.Context, b *bench, now clock, parent, work string) error {
	dir, err := os.MkdirTemp(parent, "onafed-bench-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	ours, peer, err := editSides(ctx, dir)
	if err != nil {
		return err
	}
	// The time that the disk takes, independent of the library.
	bare, text := filepath.Join(dir, "bare"), []byte(profiles())
	flush := func() { check(replace(bare, bytes.NewBuffer(text))) }
	r := race(now, b.rounds, b.slice, side{once: ours}.loop, side{once: peer}.loop, side{once: flush}.loop)
	n := allocs(ours)
	changed, err := foreignChanges(filepath.Join(dir, "ours", "credentials"))
	if err != nil {
		return err
	}
	peerChanged, err := foreignChanges(filepath.Join(dir, "ini", "credentials"))
	if err != nil {
		return err
	}
	ratio := r.ratio(0, 1)
	b.add(line{
		work: work,
		peer: fmt.Sprintf("ini.v1 made equally safe: %s, %s, %s other lines changed; writing and flushing such a file alone: %s",
			span(r.ns(1)), allocText(allocs(peer)), group(peerChanged), span(r.ns(2))),
		ours:  fmt.Sprintf("%s, %s, %d other lines changed", span(r.ns(0)), allocText(n), changed),
		ratio: ratioText(ratio), goal: "<= 0.45, <= 40 allocs, 0 changed", verdict: judge(ratio <= 0.45*noise && n <= 40 && changed == 0),
	})
	return nil
}
