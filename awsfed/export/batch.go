package export

import (
	"cmp"
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// Batch changes any number of profiles in the two shared files: all of them or none. Its methods
// have the names and rules of the methods of [File], but only collect changes. [Batch.Commit]
// writes them. The zero value is an empty batch. It is not safe for concurrent use.
type Batch struct {
	edits []fileEdit
	err   error // the first
}

// WriteCredentials adds the change that [File.WriteCredentials] makes.
func (b *Batch) WriteCredentials(f *File, profile string, c aws.Credentials) {
	b.add(f, func() (change, error) { return f.credentials(profile, c) })
}

// WriteProcess adds the change that [File.WriteProcess] makes.
func (b *Batch) WriteProcess(f *File, profile, command string) {
	b.add(f, func() (change, error) { return f.process(profile, command) })
}

// RemoveCredentials adds the change that [File.RemoveCredentials] makes.
func (b *Batch) RemoveCredentials(f *File, profile string) {
	if f.isMissing() {
		return
	}
	b.add(f, func() (change, error) { return f.removal(profile, new(bool)) })
}

// Edit adds the changes that [File.Edit] makes.
func (b *Batch) Edit(f *File, profile string, settings ...Setting) {
	b.add(f, func() (change, error) { return f.settings(profile, settings) })
}

func (b *Batch) add(f *File, makeChange func() (change, error)) {
	c, err := makeChange()
	if err != nil {
		b.err = cmp.Or(b.err, err)
		return
	}
	for i := range b.edits {
		if b.edits[i].file == f {
			b.edits[i].changes = append(b.edits[i].changes, c)
			return
		}
	}
	b.edits = append(b.edits, fileEdit{file: f, changes: []change{c}})
}

// Commit makes the changes and empties the batch. Each file is written once. If a change is refused,
// or a file cannot be written, both files stay as they were: a file that was replaced before is put
// back. Only a program that is killed between the two files leaves one changed and the other not.
// Errors are [*FileError].
func (b *Batch) Commit(ctx context.Context) error {
	edits, err := b.edits, b.err
	*b = Batch{}
	if err != nil {
		return err
	}
	return commit(ctx, edits...)
}
