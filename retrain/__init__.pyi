"""What editors and type checkers read of the public names, which are loaded on use (`NAMES`)."""

from retrain import modules as modules
from retrain import sklearn as sklearn
from retrain.api.modules import load_module as load_module
from retrain.api.trained_run import TrainedRun as TrainedRun
from retrain.api.trained_run import load as load
from retrain.api.verbs import compare as compare
from retrain.api.verbs import evaluate as evaluate
from retrain.api.verbs import export as export
from retrain.api.verbs import inspect as inspect
from retrain.api.verbs import predict as predict
from retrain.api.verbs import sweep as sweep
from retrain.api.verbs import train as train
from retrain.errors import InputError as InputError
from retrain.heads.sigmoid import SigmoidHead as SigmoidHead
from retrain.heads.softmax import SoftmaxHead as SoftmaxHead
from retrain.keras import ModuleLayer as ModuleLayer
from retrain.model import ImageClassifier as ImageClassifier
from retrain.training.estimator import Estimator as Estimator
from retrain.training.train_and_evaluate import BestExporter as BestExporter
from retrain.training.train_and_evaluate import EvalSpec as EvalSpec
from retrain.training.train_and_evaluate import FinalExporter as FinalExporter
from retrain.training.train_and_evaluate import LatestExporter as LatestExporter
from retrain.training.train_and_evaluate import TrainSpec as TrainSpec
from retrain.training.train_and_evaluate import train_and_evaluate as train_and_evaluate

__version__: str
