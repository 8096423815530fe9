package login

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/onafed/onafed/awsfed/export"
	"github.com/onafed/onafed/cmd/onafed/internal/exit"
	"github.com/onafed/onafed/cmd/onafed/internal/flags"
	"github.com/onafed/onafed/cmd/onafed/internal/profiles"
	"github.com/onafed/onafed/cmd/onafed/internal/terminal"
	"github.com/onafed/onafed/idp"
)

// atOnce is how many roles are assumed, and how many profiles are checked, at the same time.
const atOnce = 4

// logins returns the logins of --file.
func (c *Command) logins(t *terminal.Terminal) ([]*login, error) {
	all, err := profiles.ReadWithPolicies(c.File, t)
	if err != nil {
		return nil, err
	}
	logins := make([]*login, len(all))
	for i := range all {
		p := &all[i]
		l := &login{Command: *c, region: p.Region}
		l.Profile, l.Flags = p.Name, p.Flags(c.Flags)
		if p.Mode != "" {
			l.Mode = p.Mode
		}
		logins[i] = l
	}
	return logins, nil
}

// write logs in to all profiles. Everything is checked and every role is assumed before the files
// are written. errs are the errors of the logins; written reports whether the files were written.
func (c *Command) write(ctx context.Context, t *terminal.Terminal, logins []*login) (errs []error, written bool, err error) {
	errs = make([]error, len(logins))
	f, err := c.openFiles()
	if err != nil {
		return errs, false, err
	}
	for i, l := range logins {
		errs[i] = l.prepare(t, f)
	}
	if anyOf(errs) {
		return errs, false, nil
	}
	if err := c.loadAll(ctx, t, logins, errs); err != nil {
		return errs, false, err
	}
	if !anyOf(errs) {
		each(logins, func(i int, l *login) { errs[i] = l.assume(ctx) })
	}
	if anyOf(errs) {
		return errs, false, nil
	}
	var batch export.Batch
	for _, l := range logins {
		l.add(&batch)
	}
	if err := batch.Commit(ctx); err != nil {
		return errs, false, err
	}
	for _, l := range logins {
		for _, note := range l.notes {
			t.Say("%s", note)
		}
	}
	each(logins, func(i int, l *login) { errs[i] = l.check(ctx) })
	return errs, true, nil
}

// anyOf reports whether one of the errors is not nil.
func anyOf(errs []error) bool {
	return slices.ContainsFunc(errs, func(err error) bool { return err != nil })
}

// loadAll makes the providers. Roles whose tokens have the same audience share one token.
func (c *Command) loadAll(ctx context.Context, t *terminal.Terminal, logins []*login, errs []error) error {
	names := make([]string, len(logins))
	for i, l := range logins {
		names[i] = l.Profile
	}
	sources := make(map[string]idp.TokenSource)
	for i, l := range logins {
		audience := l.TokenAudience()
		if sources[audience] == nil {
			src, err := c.Source(audience, t.Logger(c.Verbose))
			if err != nil {
				return err
			}
			if len(logins) > 1 {
				src = idp.Cached(src, nil)
			}
			sources[audience] = src
		}
		errs[i] = l.load(ctx, t, sources[audience], names)
	}
	return nil
}

// each calls do for all logins, for up to atOnce of them at the same time.
func each(logins []*login, do func(int, *login)) {
	var wait sync.WaitGroup
	slots := make(chan struct{}, atOnce)
	for i, l := range logins {
		slots <- struct{}{}
		wait.Go(func() {
			do(i, l)
			<-slots
		})
	}
	wait.Wait()
}

// writeSeveral is the command with --file.
func (c *Command) writeSeveral(ctx context.Context, t *terminal.Terminal) error {
	logins, err := c.logins(t)
	if err != nil {
		return err
	}
	errs, written, err := c.write(ctx, t, logins)
	if err != nil {
		return fmt.Errorf("writing the profiles: %w", err)
	}
	results, failed, status := make([]result, len(logins)), 0, exit.No
	for i, l := range logins {
		state := "written"
		switch {
		case errs[i] != nil:
			failed++
			one, _ := exit.Status(errs[i])
			status = max(status, one)
			state = "failed"
			t.Say("onafed: profile %+q: %s", l.Profile, flags.Error(errs[i]))
		case !written:
			state = "not written"
		}
		results[i] = l.result(state)
	}
	if err := c.print(t, results); err != nil {
		return err
	}
	if written {
		c.warn(t)
		c.sayVariables(t, logins)
	}
	switch {
	case failed > 0 && written:
		err = fmt.Errorf("all profiles were written, and %d of %d cannot be used", failed, len(logins))
	case failed > 0:
		err = fmt.Errorf("no profile was written: %d of %d have errors", failed, len(logins))
	default:
		return nil
	}
	return &exit.Error{Status: status, Err: err}
}

// sayVariables names the variables that the written lines read.
func (c *Command) sayVariables(t *terminal.Terminal, logins []*login) {
	said := make(map[string]bool)
	for _, l := range logins {
		if l.variable != "" && !said[l.variable] {
			said[l.variable] = true
			t.Say("profiles with the mode process read the variable %s: only programs that have this variable get credentials", l.variable)
		}
	}
}

func (c *Command) print(t *terminal.Terminal, results []result) error {
	if c.JSON {
		return t.WriteJSON(results)
	}
	return writeTable(t.Out, results)
}
