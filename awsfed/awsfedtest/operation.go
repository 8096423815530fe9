package awsfedtest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/onafed/onafed/internal/fakehttp"
	"github.com/onafed/onafed/internal/quote"
)

// apiVersion is the version of the STS API.
const apiVersion = "2011-06-15"

// An operation is a call that is being carried out.
type operation struct {
	request request
	form    form
	fault   Fault
	now     time.Time // by the clock of the STS
	call    *Call
}

// serve responds to one request. An error means that there is no response: the request's context
// has ended, or a fault broke the connection.
func (s *STS) serve(ctx context.Context, r request) (resp *fakehttp.Response, err error) {
	start := time.Now()
	n := s.started.Add(1)
	call := Call{
		Number: int(n), Time: start, Service: stsName, UserAgent: r.userAgent(),
		// A UUID with a counter, so that the output of a test is the same in each run.
		RequestID: fmt.Sprintf("00000000-0000-4000-8000-%012x", n),
	}
	defer func() {
		if call.Duration = time.Since(start); err != nil {
			call.Status, call.Code, call.Reason = 0, "", "no response: "+err.Error()
		}
		s.addCall(call)
	}()
	op := &operation{request: r, call: &call}
	var refused *apiError
	op.form, refused = readForm(r)
	describe(&call, op.form)
	op.fault, call.Fault = s.fault(call.Action, call.RoleARN)
	if err := fakehttp.Interrupt(ctx, op.fault.Delay, op.fault.Hang, op.fault.Err); err != nil {
		return nil, err
	}
	op.now = s.now()
	if resp, err = s.respond(ctx, op, refused); err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, err // a refusal may be due to the end of the context
	}
	call.Status = resp.Status
	return resp, nil
}

// respond carries out a call, unless a fault or refused prevents it, and returns the response.
func (s *STS) respond(ctx context.Context, op *operation, refused *apiError) (*fakehttp.Response, error) {
	resp := fakehttp.NewResponse()
	resp.Truncate = op.fault.Truncate
	resp.Fields.Set("Content-Type", xmlType)
	resp.Fields.Set("Date", op.now.UTC().Format(http.TimeFormat))
	resp.Fields.Set("X-Amzn-Requestid", op.call.RequestID)
	var result any
	switch {
	case op.fault.Code != "":
		refused = refuse(op.fault.Code, op.fault.Message).because(injected)
	case op.fault.replacesResponse():
		refused, op.call.Reason = nil, injected
	case s.limit != nil && !s.limit.Allow():
		refused = refuse("Throttling", "").because("more calls than MaxRate allows")
	case refused == nil:
		result, refused = s.operate(ctx, op)
	}
	var err error
	if refused != nil {
		op.call.Code, op.call.Reason, resp.Status = refused.code, refused.why(), refused.status
		doc := errorDocument(refused, op.call.RequestID)
		err = writeDocument(resp, doc, doc, op.request.Header)
	} else if result != nil {
		inXML, inJSON := successDocument(op.call.Action, result, op.call.RequestID)
		err = writeDocument(resp, inXML, inJSON, op.request.Header)
	}
	if err != nil {
		return nil, fmt.Errorf("awsfedtest: %w", err)
	}
	if op.fault.Status != 0 {
		resp.Status = op.fault.Status
	}
	if op.fault.Body != nil {
		resp.Body = bytes.Clone(op.fault.Body)
	}
	resp.SetHeader(op.fault.Header)
	return resp, nil
}

// operate carries out the operation and returns its result.
func (s *STS) operate(ctx context.Context, op *operation) (any, *apiError) {
	if v := op.form["Version"]; v != apiVersion {
		return nil, refuse("InvalidAction", "Could not find operation "+quote.Clean(op.call.Action, 64)+" for version "+quote.Clean(v, 16))
	}
	switch op.call.Action {
	case "AssumeRoleWithWebIdentity":
		return s.assumeRoleWithWebIdentity(ctx, op)
	case "AssumeRole":
		return s.assumeRole(op)
	case "GetCallerIdentity":
		return s.getCallerIdentity(op)
	default:
		return nil, refuse("InvalidAction", "Could not find operation "+quote.Clean(op.call.Action, 64)+" for version "+apiVersion)
	}
}

// getCallerIdentity carries out GetCallerIdentity, which needs no permission.
func (s *STS) getCallerIdentity(op *operation) (any, *apiError) {
	caller, refused := s.authenticate(op.request, stsName, op.now)
	if refused != nil {
		return nil, refused
	}
	op.call.AccessKeyID, op.call.RoleARN, op.call.SessionName = caller.AccessKeyID, caller.RoleARN, caller.Name
	return callerIdentityResult{Arn: caller.arn(), UserID: caller.userID(), Account: caller.role.Account}, nil
}

// readForm returns the parameters in the body or, for a presigned URL, in the query.
func readForm(r request) (form, *apiError) {
	text := string(r.body)
	switch r.Method {
	case http.MethodPost:
		if kind, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";"); !strings.EqualFold(strings.TrimSpace(kind), formType) {
			return nil, refuse("MalformedQueryString", "").because("Content-Type is %s", quote.Text(kind, 64))
		}
	case http.MethodGet:
		text = r.URL.RawQuery
	default:
		return nil, refuse("MalformedQueryString", "").because("method is %s", quote.Text(r.Method, 16))
	}
	if len(text) > maxBody {
		return nil, &apiError{status: http.StatusRequestEntityTooLarge, code: "RequestEntityTooLarge", message: "Request is too large"}
	}
	f, err := parseForm(text)
	if err != nil {
		return nil, refuse("MalformedQueryString", "").because("%v", err)
	}
	if f["Action"] == "" {
		return f, refuse("MissingAction", "")
	}
	return f, nil
}

// describe copies the parameters of a call to its log entry.
func describe(call *Call, f form) {
	call.Action, call.RoleARN, call.SessionName = quote.Clean(f["Action"], 64), quote.Clean(f["RoleArn"], 2048), quote.Clean(f["RoleSessionName"], 64)
	call.Seconds, _ = strconv.Atoi(f["DurationSeconds"])
	if token := f["WebIdentityToken"]; token != "" {
		sum := sha256.Sum256([]byte(token))
		call.Token = hex.EncodeToString(sum[:6])
	}
}
