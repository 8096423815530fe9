package awsfedtest

// getCallerIdentity carries out GetCallerIdentity, which needs no permission.
func (s *STS) getCallerIdentity(op *operation) (document, *apiError) {
	caller, refused := s.authenticate(op.request, "sts", op.now)
	if refused != nil {
		return nil, refused
	}
	op.call.AccessKeyID, op.call.RoleARN, op.call.SessionName = caller.AccessKeyID, caller.RoleARN, caller.Name
	return &callerIdentityResponse{Result: callerIdentityResult{
		Arn: caller.arn(), UserID: caller.userID(), Account: caller.role.Account,
	}}, nil
}
