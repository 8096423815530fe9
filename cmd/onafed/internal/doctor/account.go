package doctor

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"

	"github.com/onafed/onafed/awsfed/trust"
	"github.com/onafed/onafed/cmd/onafed/internal/iam"
	"github.com/onafed/onafed/cmd/onafed/internal/policyfile"
	"github.com/onafed/onafed/cmd/onafed/internal/role"
	"github.com/onafed/onafed/internal/quote"
)

const iamTimeout = 20 * time.Second

// account is what IAM says about the role and its identity provider.
type account struct {
	role        iam.Role
	roleErr     error // the reason why the role is not known
	provider    iam.Provider
	providerErr error
}

// readAccount reads the role and the identity provider from IAM.
func (e *examination) readAccount(ctx context.Context) {
	a := &e.account
	a.roleErr = e.readIAM(ctx, func(ctx context.Context, cfg aws.Config) (err error) {
		a.role, err = iam.GetRole(ctx, cfg, e.command.RoleARN)
		return err
	})
	if e.command.RoleARN == "" {
		a.providerErr = a.roleErr
		return
	}
	parts, err := role.ParseAWS(e.command.RoleARN)
	arn := ""
	if err == nil {
		arn, err = trust.ProviderARN(parts.Partition, parts.Account, e.command.Issuer)
	}
	if a.providerErr = err; err != nil {
		return
	}
	a.providerErr = e.readIAM(ctx, func(ctx context.Context, cfg aws.Config) (err error) {
		a.provider, err = iam.GetProvider(ctx, cfg, arn)
		return err
	})
}

// readIAM calls read with the credentials of the role and, if it fails, with those of the
// environment.
func (e *examination) readIAM(ctx context.Context, read func(context.Context, aws.Config) error) error {
	ctx, cancel := context.WithTimeout(ctx, iamTimeout)
	defer cancel()
	if e.command.RoleARN == "" {
		return errors.New("no role is given")
	}
	if isSet("AWS_ENDPOINT_URL_STS") && os.Getenv("AWS_ENDPOINT_URL")+os.Getenv("AWS_ENDPOINT_URL_IAM") == "" {
		// Keys of another STS must not be sent to AWS.
		return errors.New("AWS_ENDPOINT_URL_STS is set, and AWS_ENDPOINT_URL_IAM for the same system is not")
	}
	failure := errors.New("it cannot be read from IAM without credentials")
	if e.assumed.loadErr == nil && e.assumed.err == nil {
		err := read(ctx, e.assumed.cfg)
		if err == nil {
			return nil
		}
		failure = fmt.Errorf("the role itself cannot read it: %w", err)
	}
	if isSet("AWS_ACCESS_KEY_ID") || isSet("AWS_PROFILE") {
		cfg, err := config.LoadDefaultConfig(ctx)
		if err != nil {
			return err
		}
		return read(ctx, cfg)
	}
	return failure
}

// identityProvider checks the identity provider of the role's account. It is missing only if the
// same credentials can read the role: others may belong to another account.
func (e *examination) identityProvider() {
	const name = "IAM provider"
	a := &e.account
	switch {
	case a.providerErr == nil:
	case iam.IsMissing(a.providerErr) && a.roleErr == nil:
		e.problem(name, "the account has no identity provider for "+e.command.Issuer, "onafed aws setup writes the commands that create it")
		return
	default:
		e.skipped(name, a.providerErr.Error())
		return
	}
	if want := e.audience(); slices.Contains(a.provider.Audiences, want) {
		e.ok(name, "%s, with the audience %s", e.command.Issuer, want)
	} else {
		e.problem(name, fmt.Sprintf("it does not have the audience %+q, only %s", want, quote.Values(a.provider.Audiences)),
			"onafed aws setup writes the command that adds it")
	}
}

// roleInIAM checks that the role is as it was written: with the trust policy of --policy, and with
// sessions of the requested length.
func (e *examination) roleInIAM(files []policyfile.Document) {
	const name = "IAM role"
	a := &e.account
	if a.roleErr != nil {
		e.skipped(name, a.roleErr.Error())
		return
	}
	before := len(e.checks)
	asWritten := ""
	if file, ok := e.documentOfRole(files); ok {
		asWritten = ", with the trust policy of " + quote.Path(e.command.Policy)
		if a.role.Err != nil || !a.role.Policy.Equal(file.Policy) {
			e.problem(name, "its trust policy is not the one in "+quote.Path(e.command.Policy),
				"run the commands of onafed aws setup, or write the file with aws iam get-role --role-name "+a.role.RoleName)
		}
	}
	wanted := time.Duration(e.command.DurationSeconds) * time.Second
	if a.role.MaxSession != 0 && wanted > a.role.MaxSession {
		e.problem(name, fmt.Sprintf("it allows sessions of %s, and --duration-seconds is %s", a.role.MaxSession, wanted),
			fmt.Sprintf("onafed aws setup --max-session-duration %d writes the command that allows it", e.command.DurationSeconds))
	}
	if len(e.checks) > before {
		return
	}
	if a.role.MaxSession == 0 {
		e.ok(name, "exists%s", asWritten)
	} else {
		e.ok(name, "sessions of up to %s%s", a.role.MaxSession, asWritten)
	}
}

// documentOfRole returns the document of the role among those of --policy: the one with its ARN or
// name, or the only one without a name.
func (e *examination) documentOfRole(files []policyfile.Document) (policyfile.Document, bool) {
	for _, d := range files {
		known := d.RoleARN != "" || d.RoleName != ""
		same := d.RoleARN == e.command.RoleARN || d.RoleARN == "" && strings.HasSuffix(e.command.RoleARN, "/"+d.RoleName)
		if d.Err == nil && (known && same || !known && len(files) == 1) {
			return d, true
		}
	}
	return policyfile.Document{}, false
}
