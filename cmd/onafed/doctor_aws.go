package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/onafed/onafed/awsfed"
	"github.com/onafed/onafed/idp"
)

// assumed is what came of assuming the role.
type assumed struct {
	cfg         aws.Config
	loadErr     error // why STS was not asked
	credentials aws.Credentials
	status      awsfed.Status
	err         error
	answeredAt  time.Time
}

// assume does what a program does.
func (e *examination) assume(ctx context.Context) {
	a := &e.assumed
	if e.command.RoleARN == "" {
		a.loadErr = errors.New("no role is named: --role-arn, or AWS_ROLE_ARN")
		return
	}
	src := idp.Static(e.token)
	if e.token == nil {
		src = idp.TokenSourceFunc(func(context.Context) (*idp.Token, error) { return nil, errors.New("there is no token") })
	}
	var p *awsfed.Provider
	if a.cfg, p, a.loadErr = e.flags().load(ctx, src, slog.New(slog.DiscardHandler)); a.loadErr != nil {
		return
	}
	if e.token != nil {
		a.credentials, a.err = p.Credentials(ctx)
	} else {
		a.err = e.ask(ctx)
	}
	a.answeredAt, a.status = time.Now(), p.Status()
}

// ask asks STS something that it refuses to anyone without keys, to see whether it answers.
func (e *examination) ask(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	cfg := e.assumed.cfg.Copy()
	cfg.Credentials, cfg.APIOptions = aws.AnonymousCredentials{}, nil
	_, err := sts.NewFromConfig(cfg, func(o *sts.Options) {
		if o.Region == "" {
			o.Region = e.flags().region()
		}
	}).GetCallerIdentity(ctx, nil)
	return err
}

// refusal is the status and the date of STS's answer when it was an error; zero without an answer.
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

// skew is how far STS's clock is ahead of this machine's, if it answered.
func (a *assumed) skew() (ahead time.Duration, ok bool) {
	if a.loadErr == nil && a.err == nil {
		return a.status.ClockSkew, true
	}
	_, date := a.refusal()
	return date.Sub(a.answeredAt), !date.IsZero()
}

// role looks at the ARN alone.
func (e *examination) role() {
	arn := e.command.RoleARN
	role, err := parseRoleARN(arn)
	switch {
	case arn == "":
		e.skipped("role", "none is named: --role-arn, or AWS_ROLE_ARN")
	case err != nil:
		e.problem("role", err.Error(), "copy it from the role's page in IAM")
	default:
		e.ok("role", "%+q, account %s, partition %s", role.name, role.account, role.partition)
	}
}

// sts says whether STS answers, and what.
func (e *examination) sts(context.Context) {
	a := &e.assumed
	status, _ := a.refusal()
	fix := "see the check of STS"
	switch {
	case e.command.RoleARN == "":
		e.skipped("STS", a.loadErr.Error())
		e.skipped("credentials", "they need a role")
		return
	case a.loadErr != nil:
		e.problem("STS", a.loadErr.Error(), "see --role-arn, the AWS_ENDPOINT_URL variables, AWS_REGION and the config file")
		e.skipped("credentials", "STS was not asked")
		return
	case a.err == nil, status != 0 && status < http.StatusInternalServerError:
		e.ok("STS", "answers")
		fix = "see the check of the trust policy, or onafed aws explain"
	case status != 0:
		e.problem("STS", fmt.Sprintf("it answers %d", status), "wait and try again, or name another region with --region")
	case errors.Is(a.err, io.ErrUnexpectedEOF):
		e.problem("STS", "its answers are cut short", "see what stands between here and STS (proxy, firewall)")
	default:
		e.problem("STS", inFlags(a.err), "see that the STS endpoint can be reached from here (proxy, firewall, region)")
	}
	switch {
	case e.token == nil:
		e.skipped("credentials", "they need a token")
	case a.err != nil:
		e.problem("credentials", inFlags(a.err), fix)
	default:
		e.ok("credentials", "%s, for %s", a.status.AssumedRoleARN, time.Until(a.credentials.Expires).Round(time.Second))
	}
}
