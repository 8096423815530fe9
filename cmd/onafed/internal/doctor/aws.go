package doctor

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/onafed/onafed/awsfed"
	"github.com/onafed/onafed/cmd/onafed/internal/flags"
	"github.com/onafed/onafed/cmd/onafed/internal/role"
	"github.com/onafed/onafed/idp"
)

const stsTimeout = 20 * time.Second

var errNoToken = errors.New("there is no token")

// assumed is the result of assuming the role.
type assumed struct {
	cfg         aws.Config
	loadErr     error // the reason why STS was not asked
	credentials aws.Credentials
	status      awsfed.Status
	err         error // from STS
	answeredAt  time.Time
}

// assume assumes the role, as a program with the library does. Without a token it sends another
// request, to see whether STS answers.
func (e *examination) assume(ctx context.Context) {
	a := &e.assumed
	if e.command.RoleARN == "" {
		a.loadErr = errors.New("no role is given: use --role-arn, or AWS_ROLE_ARN")
		return
	}
	src := idp.Static(e.token)
	if e.token == nil {
		src = idp.TokenSourceFunc(func(context.Context) (*idp.Token, error) { return nil, errNoToken })
	}
	var p *awsfed.Provider
	if a.cfg, p, a.loadErr = e.flags().Load(ctx, src, slog.New(slog.DiscardHandler)); a.loadErr != nil {
		return
	}
	if e.token != nil {
		a.credentials, a.err = p.Credentials(ctx)
	} else {
		a.err = e.probeSTS(ctx)
	}
	a.answeredAt, a.status = time.Now(), p.Status()
}

// probeSTS sends a request that STS refuses to every caller without keys.
func (e *examination) probeSTS(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, stsTimeout)
	defer cancel()
	cfg := e.assumed.cfg.Copy()
	cfg.Credentials, cfg.APIOptions = aws.AnonymousCredentials{}, nil
	_, err := sts.NewFromConfig(cfg, func(o *sts.Options) {
		if o.Region == "" {
			o.Region = e.flags().STSRegion()
		}
	}).GetCallerIdentity(ctx, nil)
	return err
}

// refusal returns the status and the date of an error answer of STS; zero without an answer.
func (a *assumed) refusal() (status int, date time.Time) {
	refusal, ok := errors.AsType[*smithyhttp.ResponseError](a.err)
	if !ok || refusal.Response == nil {
		return 0, time.Time{}
	}
	date, err := http.ParseTime(refusal.Response.Header.Get("Date"))
	if err != nil {
		date = time.Time{}
	}
	return refusal.HTTPStatusCode(), date
}

// skew returns how far STS's clock is ahead of this machine's, if STS answered.
func (a *assumed) skew() (ahead time.Duration, ok bool) {
	if a.loadErr == nil && a.err == nil {
		return a.status.ClockSkew, true
	}
	_, date := a.refusal()
	return date.Sub(a.answeredAt), !date.IsZero()
}

// role checks the text of the ARN.
func (e *examination) role() {
	arn := e.command.RoleARN
	parts, err := role.Parse(arn)
	switch {
	case arn == "":
		e.skipped("role", "no role is given: use --role-arn, or AWS_ROLE_ARN")
	case err != nil:
		e.problem("role", err.Error(), "copy it from the role's page in IAM")
	case parts.Account == "":
		e.ok("role", "%+q, partition %s", parts.Name, parts.Partition)
	default:
		e.ok("role", "%+q, account %s, partition %s", parts.Name, parts.Account, parts.Partition)
	}
}

// sts reports whether STS answers, and then its answer.
func (e *examination) sts() {
	a := &e.assumed
	switch {
	case e.command.RoleARN == "":
		e.skipped("STS", a.loadErr.Error())
		e.skipped("credentials", "there is no role")
		return
	case a.loadErr != nil:
		e.problem("STS", flags.Error(a.loadErr), "check --role-arn, the AWS_ENDPOINT_URL variables, AWS_REGION, AWS_PROFILE and the config file")
		e.skipped("credentials", "STS was not asked")
		return
	}
	fix := e.stsAnswer()
	switch {
	case e.token == nil:
		e.skipped("credentials", errNoToken.Error())
	case a.err != nil:
		e.problem("credentials", flags.Error(a.err), fix)
	default:
		e.ok("credentials", "%s, for %s", a.status.AssumedRoleARN, time.Until(a.credentials.Expires).Round(time.Second))
	}
}

// stsAnswer reports whether STS answers, and returns the fix for a refusal.
func (e *examination) stsAnswer() (fix string) {
	a := &e.assumed
	switch status, _ := a.refusal(); {
	case a.err == nil, status != 0 && status < http.StatusInternalServerError:
		e.ok("STS", "answers")
		if e.command.DurationSeconds != 0 && a.err != nil && strings.Contains(a.err.Error(), "MaxSessionDuration") {
			return fmt.Sprintf("use a shorter --duration-seconds, or onafed aws setup --max-session-duration %d to allow it", e.command.DurationSeconds)
		}
		return "see the check of the trust policy, or onafed aws explain"
	case status != 0:
		e.problem("STS", fmt.Sprintf("it answers %d", status), "wait and try again, or use another region with --region")
	case errors.Is(a.err, io.ErrUnexpectedEOF):
		e.problem("STS", "its answers are cut off", "check the proxy and the firewall between here and STS")
	default:
		e.problem("STS", flags.Error(a.err), "check that the STS endpoint can be reached from here (proxy, firewall, region)")
	}
	return "see the check of STS"
}
