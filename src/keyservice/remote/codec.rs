//! Messages as bytes: prost behind tonic's interface.

use std::marker::PhantomData;

use prost::Message;
use tonic::Status;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};

/// Sends `E`, receives `D`.
pub(super) struct Proto<E, D>(PhantomData<fn() -> (E, D)>);

impl<E, D> Proto<E, D> {
    pub(super) fn new() -> Self {
        Self(PhantomData)
    }
}

/// One of the two directions.
pub(super) struct Half<M>(PhantomData<fn() -> M>);

impl<E: Message + 'static, D: Message + Default + 'static> Codec for Proto<E, D> {
    type Encode = E;
    type Decode = D;
    type Encoder = Half<E>;
    type Decoder = Half<D>;

    fn encoder(&mut self) -> Half<E> {
        Half(PhantomData)
    }

    fn decoder(&mut self) -> Half<D> {
        Half(PhantomData)
    }
}

impl<M: Message> Encoder for Half<M> {
    type Item = M;
    type Error = Status;

    fn encode(&mut self, item: M, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        item.encode(buffer).map_err(|_| Status::internal("the message does not fit"))
    }
}

impl<M: Message + Default> Decoder for Half<M> {
    type Item = M;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<M>, Status> {
        // what prost says may quote the message
        M::decode(buffer).map(Some).map_err(|_| Status::internal("the message is damaged"))
    }
}
