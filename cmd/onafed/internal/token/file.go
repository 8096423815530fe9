package token

import (
	"context"
	"path/filepath"
	"time"

	"github.com/onafed/onafed/awsfed/export"
	"github.com/onafed/onafed/cmd/onafed/internal/exit"
	"github.com/onafed/onafed/cmd/onafed/internal/source"
	"github.com/onafed/onafed/cmd/onafed/internal/terminal"
	"github.com/onafed/onafed/idp"
)

// file returns the token file of --output.
func (c *Command) file(src idp.TokenSource, t *terminal.Terminal) (*export.TokenFile, error) {
	path, err := filepath.Abs(c.Output)
	if err != nil {
		return nil, err
	}
	if err := source.CheckOutputs([]source.File{{Name: "--output", Path: path}}, c.Inputs(c.Audience[0])...); err != nil {
		return nil, exit.Unanswered(err)
	}
	file, err := export.NewTokenFile(path, src, &export.TokenFileOptions{
		Group: c.Group, TrustedOwner: c.TrustedOwner,
		Logger: t.Logger(c.Verbose),
		OnWrite: func(expiry time.Time) {
			t.Say("wrote %s, valid until %s", path, expiry.UTC().Format(time.RFC3339))
		},
	})
	if err != nil || c.Group == "" {
		return file, err
	}
	return file, checkGroup(c.Group, filepath.Dir(path))
}

// watch keeps the file of --output fresh until a signal.
func (c *Command) watch(ctx context.Context, t *terminal.Terminal) error {
	ctx, stop := exit.UntilSignal(ctx)
	defer stop()
	src, err := c.Source(c.Audience[0], t.Logger(c.Verbose))
	if err != nil {
		return err
	}
	checked := idp.TokenSourceFunc(func(ctx context.Context) (*idp.Token, error) {
		token, err := src.Token(ctx)
		if err == nil {
			err = checkAudience(token, c.Audience[0])
		}
		if err != nil {
			return nil, err
		}
		return token, nil
	})
	file, err := c.file(checked, t)
	if err != nil {
		return err
	}
	return file.Run(ctx)
}
