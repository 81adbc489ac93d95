import pytest

from retrain.modules.graphs.operations import computing_operations, function_attributes, is_allowed, is_known


@pytest.mark.parametrize(
    "op",
    [
        *("Conv2D", "FusedBatchNormV3", "MatMul", "Relu6", "VarHandleOp", "ReadVariableOp", "VariableV2"),
        *("AssignVariableOp", "Enter", "NextIteration", "TensorArrayV3", "While"),
        *("StatefulPartitionedCall", "ResizeBilinear", "RngReadAndSkip", "StatelessRandomUniformV2"),
        *("XlaCallModule", "DecodeJpeg", "StringJoin", "Assert", "Placeholder", "Const", "NoOp"),
    ],
)
def test_what_computes_is_allowed(op):
    assert is_known(op)
    assert is_allowed(op)


@pytest.mark.parametrize(
    "op",
    [
        *("ReadFile", "WriteFile", "MatchingFiles", "SaveV2", "RestoreV2", "PrintV2", "Print", "PyFunc"),
        *("PyFuncStateless", "EagerPyFunc", "Abort", "RemoteCall", "Send", "Recv", "TextLineDataset"),
        *("WriteSummary", "CreateSummaryFileWriter", "TFRecordReaderV2", "InitializeTableFromTextFileV2"),
        *("LMDBReader", "DebugIdentityV2", "FileSystemSetConfiguration", "Timestamp", "QueueDequeueV2"),
        *("NoSuchOperation",),
    ],
)
def test_what_does_something_else_is_not(op):
    assert not is_allowed(op)


def test_no_name_is_listed_that_is_none():
    assert all(map(is_known, computing_operations()))


def test_operations_that_call_functions():
    assert function_attributes("StatefulPartitionedCall") == ("f",)
    assert set(function_attributes("If")) == {"then_branch", "else_branch"}
    assert function_attributes("Case") == ("branches",)
    assert function_attributes("Conv2D") == function_attributes("NoSuchOperation") == ()
