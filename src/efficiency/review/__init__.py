"""Looks again at what is published, without publishing anything new; one module for each command.

check        reads files as a run would and reports their problems
status       who has sent what, what is missing, refused and late; `status_tables` prints it
checkup      looks for what in a published evaluation a committee should look at again
compare      evaluates the published facts under two policies
objections   evaluates them with corrections that somebody asks for
audit        computes facts and results again and compares them with the published ones
reissue      writes the documents of a published evaluation again
rollback     publishes an earlier warehouse file again
as_of        facts and history as an earlier run knew them, for audit and reissue

Nothing is imported here, so that each command loads what it needs and no more.
"""
