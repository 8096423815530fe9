package profiles

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sts"
	"go.yaml.in/yaml/v4"

	"github.com/onafed/onafed/awsfed"
	"github.com/onafed/onafed/awsfed/export"
	"github.com/onafed/onafed/cmd/onafed/internal/role"
	"github.com/onafed/onafed/idp"
	"github.com/onafed/onafed/internal/quote"
)

// anyRole is a role for checks of values that are not about the role.
const anyRole = "arn:aws:iam::123456789012:role/any"

func seconds(n int) time.Duration { return time.Duration(n) * time.Second }

// CheckName returns an error for the name of a profile that SDKs do not read. It lets package
// export check the name, as for the null device, which is an empty file.
func CheckName(name string) error {
	file, err := export.NewConfigFile(os.DevNull, nil)
	if err == nil {
		_, err = file.Inspect(name)
	}
	if refused, ok := errors.AsType[*export.FileError](err); ok {
		return errors.New(refused.Reason)
	}
	return err
}

// profileName checks the name of a profile.
func (r *reader) profileName(n *yaml.Node, name string) {
	if name == "" {
		return
	}
	if err := CheckName(name); err != nil {
		r.fail(n, "%v", err)
	}
}

// check lets the library check each value alone, so that it finds all mistakes, and then all values
// together. given are the nodes by the names of the options.
func (r *reader) check(p *Profile, given map[string]*yaml.Node) {
	before := len(r.errs)
	try := func(roleARN string, set func(*awsfed.Options)) {
		_, err := awsfed.New(sts.New(sts.Options{Region: "us-east-1"}), roleARN, idp.Static(nil), func(o *awsfed.Options) {
			o.AnyDuration = true // as the flags
			set(o)
		})
		r.refused(err, given)
	}
	if p.RoleARN != "" {
		try(p.RoleARN, func(*awsfed.Options) {})
	}
	try(anyRole, func(o *awsfed.Options) { o.SessionName = p.SessionName })
	try(anyRole, func(o *awsfed.Options) { o.PolicyARNs = p.PolicyARNs })
	if len(r.errs) == before {
		try(anyRole, func(o *awsfed.Options) { o.Chain = role.Chain(p.Chain) })
	}
	if !r.readsPolicies {
		return
	}
	r.policy(given["Policy"], p.PolicyFile)
	for i := range p.Chain {
		r.policy(given[fmt.Sprintf("Chain[%d].Policy", i)], p.Chain[i].PolicyFile)
	}
}

// policy checks the session policy in a file. The text of a pipe can be read only once, so a pipe is
// left to the login.
func (r *reader) policy(n *yaml.Node, path string) {
	if path == "" {
		return
	}
	if info, err := os.Stat(path); err == nil && info.Mode()&(fs.ModeNamedPipe|fs.ModeDevice) != 0 {
		return
	}
	policy, err := role.ReadPolicy(path)
	if err == nil {
		_, err = awsfed.New(sts.New(sts.Options{Region: "us-east-1"}), anyRole, idp.Static(nil), func(o *awsfed.Options) { o.Policy = policy })
	}
	if wrong, ok := errors.AsType[*awsfed.OptionError](err); ok {
		err = fmt.Errorf("%s %w", quote.Path(path), wrong.Err)
	}
	if err != nil {
		r.fail(n, "%v", err)
	}
}

// refused adds the error of the library about an option.
func (r *reader) refused(err error, given map[string]*yaml.Node) {
	wrong, ok := errors.AsType[*awsfed.OptionError](err)
	if !ok {
		return
	}
	option := wrong.Option
	at := given[option]
	for at == nil && option != "" {
		option = option[:max(strings.LastIndexAny(option, ".["), 0)]
		at = given[option]
	}
	if at == nil || slices.ContainsFunc(r.errs, func(e Error) bool { return e.Line == at.Line && e.Column == at.Column }) {
		return // the value is missing or has the wrong type, which is an error already
	}
	r.fail(at, "%v", wrong.Err)
}

// sort sorts the errors by their positions.
func (r *reader) sort() {
	slices.SortStableFunc(r.errs, func(a, b Error) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
}
