package awsfedtest

import (
	"cmp"
	"encoding/json"
	"encoding/xml"
	"net/http"
	"strings"
)

// writeTo writes the error as the service does: with its code, its status and its format.
func (e *apiError) writeTo(w http.ResponseWriter, service string, header http.Header) {
	switch {
	case service == "ec2":
		e = e.translated(ec2Refusals())
		writeXML(w, e.status, "application/xml", ec2Error{Error: ec2Detail{e.code, e.message}, RequestID: requestID})
	case isS3(service):
		e = e.translated(s3Refusals())
		writeXML(w, e.status, "application/xml", s3Error{Code: e.code, Message: e.message, RequestID: requestID})
	case strings.HasPrefix(header.Get("Content-Type"), formType) && header.Get("X-Amz-Target") == "":
		writeXML(w, e.status, xmlType, errorDocument(e, requestID))
	default:
		e = e.translated(jsonRefusals())
		w.Header().Set("X-Amzn-Errortype", e.code)
		writeJSON(w, e.status, map[string]string{"__type": e.code, "message": e.message})
	}
}

func writeXML(w http.ResponseWriter, status int, contentType string, v any) {
	body, err := xml.Marshal(v)
	write(w, status, contentType, append([]byte(xml.Header), body...), err)
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	body, err := json.Marshal(v)
	write(w, status, "application/x-amz-json-1.1", body, err)
}

// write writes a response of a service. err is the error of encoding it.
func write(w http.ResponseWriter, status int, contentType string, body []byte, err error) {
	if err != nil {
		http.Error(w, "awsfedtest: "+err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", contentType)
	w.WriteHeader(status)
	_, _ = w.Write(body)
}

// s3Error is the format of errors in S3 ("Error Responses", S3 API reference).
type s3Error struct {
	XMLName       xml.Name `xml:"Error"`
	Code, Message string
	RequestID     string `xml:"RequestId"`
}

// ec2Error is the format of errors in EC2 ("Error codes for the Amazon EC2 API").
type ec2Error struct {
	XMLName   xml.Name  `xml:"Response"`
	Error     ec2Detail `xml:"Errors>Error"`
	RequestID string
}

type ec2Detail struct{ Code, Message string }

// Keys of the tables below, beside the codes of STS: a signature from another time, in a header and
// in a presigned URL.
const (
	badTime    = "time of the signature"
	badURLTime = "time of the presigned URL"
)

// translated returns the error of a service for an error of the signature check, whose code is that
// of STS. Other errors stay as they are.
func (e *apiError) translated(refusals map[string]apiError) *apiError {
	t, ok := refusals[cmp.Or(e.timing, e.code)]
	if !ok {
		return e
	}
	if t.message == "" {
		t.message = e.message
	}
	return &t
}

// s3Refusals returns S3's errors by the codes of STS ("Error responses", S3 API reference).
func s3Refusals() map[string]apiError {
	return map[string]apiError{
		"ExpiredToken":               {status: 400, code: "ExpiredToken", message: "The provided token has expired."},
		"IncompleteSignature":        {status: 400, code: "AuthorizationHeaderMalformed", message: "The authorization header that you provided is not valid."},
		"InvalidClientTokenId":       {status: 403, code: "InvalidAccessKeyId", message: "The AWS access key ID that you provided does not exist in our records."},
		"MissingAuthenticationToken": {status: 403, code: "AccessDenied", message: "Access Denied"},
		"SignatureDoesNotMatch":      {status: 403, code: "SignatureDoesNotMatch"},
		badTime:                      {status: 403, code: "RequestTimeTooSkewed", message: "The difference between the request time and the server's time is too large."},
		badURLTime:                   {status: 403, code: "AccessDenied", message: "Request has expired"},
	}
}

// ec2Refusals returns EC2's errors by the codes of STS ("Error codes for the Amazon EC2 API").
func ec2Refusals() map[string]apiError {
	const invalid = "AWS was not able to validate the provided access credentials"
	return map[string]apiError{
		"ExpiredToken":               {status: 400, code: "RequestExpired", message: "Request has expired."},
		"InvalidClientTokenId":       {status: 401, code: "AuthFailure", message: invalid},
		"MissingAuthenticationToken": {status: 403, code: "MissingAuthenticationToken", message: "The request must contain valid (registered) AWS access key ID or X.509 certificate."},
		"SignatureDoesNotMatch":      {status: 401, code: "AuthFailure", message: invalid},
		badTime:                      {status: 400, code: "RequestExpired", message: "Request has expired."},
		badURLTime:                   {status: 400, code: "RequestExpired", message: "Request has expired."},
	}
}

// jsonRefusals returns the errors of services with JSON by the codes of STS ("Common Error Types"
// of their API references).
func jsonRefusals() map[string]apiError {
	return map[string]apiError{
		"ExpiredToken":               {status: 400, code: "ExpiredTokenException"},
		"IncompleteSignature":        {status: 400, code: "IncompleteSignatureException"},
		"InvalidClientTokenId":       {status: 400, code: "UnrecognizedClientException"},
		"MissingAuthenticationToken": {status: 400, code: "MissingAuthenticationTokenException"},
		"SignatureDoesNotMatch":      {status: 400, code: "InvalidSignatureException"},
		badTime:                      {status: 400, code: "InvalidSignatureException"},
		badURLTime:                   {status: 400, code: "InvalidSignatureException"},
	}
}
